from __future__ import annotations

import os

import pytest

from recipe_runner.engine.secrets import sources
from recipe_runner.engine.secrets.sources import read_secret
from recipe_runner.errors import UsageError


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("command:yes", "has more than 65536 bytes"),
        ("command:false", "it ended with 1"),
        ("command:no-such-program", "No such file or directory"),
        ("command:sh 'x", "it cannot be understood"),
        ("fd:x", "it cannot be understood"),
        ("file:/dev/zero", "has more than 65536 bytes"),
        ("env:NO_SUCH", "there is no such variable"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_in_words(source: str, reason: str) -> None:
    """Also a program that never stops printing: it is ended, and fills no memory."""
    with pytest.raises(UsageError, match=reason):
        read_secret("token", source, {"PATH": os.environ["PATH"]})


def test_a_program_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit ends it, and is named."""
    monkeypatch.setattr(sources, "LIMIT", 0.1)
    with pytest.raises(UsageError, match="it took more than 0 seconds"):
        read_secret("token", "command:sleep 1000", {"PATH": os.environ["PATH"]})
