from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from builders.images.archive import Archive
from builders.images.definition import Boot, Definition
from builders.images.disks import Disk
from builders.images.size import MIB
from builders.images.writing import format_definition
from recipe_runner.sanitise import line
from tests.support.definitions import parse_definition

PRINTED = st.characters(exclude_characters='"\\$`').filter(lambda character: line(character) == character)
NAMES = st.text(string.ascii_lowercase + string.digits, min_size=2, max_size=8)
DEFINITIONS = st.builds(
    Definition,
    distribution=st.text(min_size=1),
    codename=st.just("karmic"),
    architecture=st.just("amd64"),
    title=st.text(PRINTED, min_size=1, max_size=120),
    kernel=st.none() | NAMES,
    packages=st.lists(NAMES, max_size=4).map(tuple),
    documentation=st.booleans(),
    archive=st.builds(Archive, components=st.just(("main", "universe"))),
    disk=st.builds(Disk, size=st.integers(128, 1 << 20).map(lambda count: count * MIB)),
    boot=st.builds(Boot, arguments=st.just("console=ttyS0"), marker=st.text(PRINTED, min_size=1, max_size=20)),
)


@given(definition=DEFINITIONS)
def test_a_written_definition_is_read_as_the_same(definition: Definition) -> None:
    """Whatever a definition says, its written form says too."""
    assert parse_definition(format_definition(definition), "kept.toml") == definition


@given(definition=DEFINITIONS)
def test_defaults_are_written_out(definition: Definition) -> None:
    """A later version with other defaults would still read the same image."""
    text = format_definition(definition)
    assert f"\ndocumentation = {str(definition.documentation).lower()}\n" in text
    assert "\n[boot]\narguments = " in text
