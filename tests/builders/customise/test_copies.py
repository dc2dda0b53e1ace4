from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.customise.accounts import Accounts
from builders.customise.copies import copies
from builders.customise.entry import Entry
from builders.images.attachment import Attachment
from builders.images.contents import CopiedFile
from builders.images.serial import Serial
from recipe_runner.errors import RecipeError
from tests.support.karmic import SERIAL, definition

ACCOUNTS = {"etc/passwd": "root:x:0:0::/root:/bin/sh\njoe:x:1001:1002::/home/joe:/bin/sh\n", "etc/group": "pond:x:7:\n"}


def copied(text: str, **said: Any) -> Entry:
    file = CopiedFile.model_validate({"source": Attachment("motd", text.encode()), "target": "/etc/motd", **said})
    whole = definition().model_copy(update={"files": (file,), "variables": {"colour": "green"}})
    (entry,) = copies(whole, Serial.parse(SERIAL), Accounts.parse(ACCOUNTS))
    return entry


def test_a_file_goes_where_it_is_wanted() -> None:
    """Content, mode and owner are those of the definition; only a template is read as one."""
    entry = copied("{{ x }}", mode="4750", owner="joe", group="pond")
    assert (entry.path, entry.content, entry.mode, entry.uid, entry.gid) == ("etc/motd", b"{{ x }}", 0o4750, 1001, 7)
    assert entry.follows


def test_a_template_knows_the_definitions_facts() -> None:
    """Facts and variables are filled in; the last line end is kept."""
    text = "{{ codename }} {{ serial }} {{ colour }} on {{ hostname }}\n"
    assert copied(text, template=True).content == f"karmic {SERIAL} green on karmic\n".encode()


@pytest.mark.parametrize(
    "text",
    [
        "{{ unknown }}",
        "{% if %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ 1 / 0 }}",
        "{% include '/etc/passwd' %}",
        "{% for x in range(999999999) %}{% endfor %}",
    ],
)
def test_a_template_can_do_nothing_else(text: str) -> None:
    """Unknown names, faults and ways out of the sandbox are told with the template's name."""
    with pytest.raises(RecipeError, match="template `motd` cannot be filled in"):
        copied(text, template=True)


def test_an_owner_must_be_there(tmp_path: Path) -> None:
    """A file of nobody's is a fault."""
    del tmp_path
    with pytest.raises(RecipeError, match="no user `jim`"):
        copied("", owner="jim")
    with pytest.raises(RecipeError, match="no group `lake`"):
        copied("", group="lake")
