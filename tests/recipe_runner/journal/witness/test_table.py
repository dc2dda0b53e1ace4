from __future__ import annotations

import pytest

from recipe_runner.errors import UsageError
from recipe_runner.journal.witness.table import WITNESSES, appointed


def test_the_kinds_of_this_project() -> None:
    """Timestamps, a Git remote and objects under S3's lock can be named."""
    assert {"git", "s3", "tsa"} <= set(WITNESSES.names())


def test_witnesses_are_named_once() -> None:
    """A witness named twice is called once; several of a kind are several."""
    found = appointed(["tsa=http://a/", "git=x#y", "tsa=http://b/", "tsa=http://a/"])
    assert [(a.kind, a.address) for a in found] == [("tsa", "http://a/"), ("git", "x#y"), ("tsa", "http://b/")]
    assert appointed([]) == ()


def test_every_fault_is_said_at_once() -> None:
    """Missing addresses, unknown kinds, and passwords that everybody could read are all refused together."""
    with pytest.raises(UsageError) as raised:
        appointed(["tsa", "tas=http://x/", "git=https://me:secret@x/", "tsa=", "git=a b", "tsa=http://x/\x1b[1m"])
    messages = [fault.message for fault in raised.value.diagnostics]
    assert len(messages) == 6
    assert "there is no kind of witness `tas`" in messages[1]
    assert "password" in messages[2]
    assert "secret" not in str(raised.value)
