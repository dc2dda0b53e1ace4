from __future__ import annotations

import pytest

from builders.images.reading import choose
from recipe_runner.errors import UsageError
from tests.support.definitions import parse_definition, read_members

TEXT = """\
distribution = "debian"
title = "Debian"
packages = ["udev"]
[disk]
size = "1 GiB"
[matrix]
suites = ["bookworm", "trixie"]
architectures = ["amd64", "arm64"]
flavours = ["server", "minimal"]
exclude = [{ suite = "trixie", architecture = "arm64" }, { flavour = "minimal", architecture = "arm64" }]
include = [{ suite = "sid", architecture = "amd64", flavour = "server" }]
[matrix.flavour.minimal]
documentation = false
[matrix.suite.trixie]
title = "Debian 13"
packages = ["zstd"]
"""


def test_a_matrix_is_a_table() -> None:
    """Anything else is a fault at its line."""
    with pytest.raises(UsageError, match="`matrix` cannot be `1`") as caught:
        read_members("matrix = 1\n", "x.toml")
    assert [fault.span.line for fault in caught.value.diagnostics if fault.span] == [1]


def test_a_matrix_gives_each_member_its_own_settings() -> None:
    """Every combination but the excluded ones, and those included, in order, each with what its axes say."""
    members = [member.definition for member in read_members(TEXT, "x.toml")]
    assert [member.member for member in members] == [
        "bookworm-server-amd64",
        "bookworm-minimal-amd64",
        "bookworm-server-arm64",
        "trixie-server-amd64",
        "trixie-minimal-amd64",
        "sid-server-amd64",
    ]
    assert [member.documentation for member in members] == [True, False, True, True, False, True]
    assert members[3].title == "Debian 13"
    assert members[3].packages == ("udev", "zstd")


def test_members_have_places_of_their_own() -> None:
    """No two members share a folder and a name in the tree."""
    members = [member.definition for member in read_members(TEXT, "x.toml")]
    assert len({(member.build, member.codename) for member in members}) == len(members)


def test_one_member_is_chosen_by_name() -> None:
    """A name that is not there is told with the nearest; several images are not taken for one."""
    members = read_members(TEXT, "x.toml")
    assert choose(members, "sid-server-amd64").definition.codename == "sid"
    with pytest.raises(UsageError) as caught:
        choose(members, "sid-sever-amd64")
    assert caught.value.diagnostics[0].hint == "did you mean `sid-server-amd64`?"
    with pytest.raises(UsageError, match="defines 6 images"):
        parse_definition(TEXT, "x.toml")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('suite = "trixie", architecture = "arm64"', 'suite = "trixy"', 10, "leaves out nothing"),
        ("[matrix.suite.trixie]", "[matrix.suite.karmic]", 14, "no member has the suite `karmic`"),
        ('"server", "minimal"]', '"server", "Minimal"]', 9, "`flavours` cannot be `Minimal`"),
        ("suites =", "suits =", 7, "unknown key `suits`"),
        ('packages = ["zstd"]', 'packages = ["-zstd"]', 16, "`packages` cannot be `-zstd`"),
        ("documentation = false", 'documentation = "no"', 13, "`documentation` cannot be `no`"),
    ],
)
def test_a_fault_in_a_matrix_is_told_once_at_its_line(old: str, new: str, line: int, message: str) -> None:
    """What several members share is one fault."""
    with pytest.raises(UsageError) as caught:
        read_members(TEXT.replace(old, new, 1), "x.toml")
    (fault, *_) = caught.value.diagnostics
    assert message in fault.message
    assert fault.span is not None
    assert fault.span.line == line
    assert len(set(caught.value.diagnostics)) == len(caught.value.diagnostics)


def test_a_matrix_of_nothing_is_refused() -> None:
    """Leaving out everything is a mistake."""
    with pytest.raises(UsageError, match="everything is left out"):
        read_members(TEXT.replace("exclude = [", "exclude = [{},").replace("include =", "#"), "x.toml")
