from __future__ import annotations

from pathlib import Path

from builders.workshop.machine import DEBIAN_KEYRING, DEBIAN_MIRROR, backports, debian_sources, machine_sources
from builders.workshop.sources import Source

MIRROR = "http://mirror.example/debian"
KNOWN = [
    Source(MIRROR, "bookworm", ("main", "contrib"), DEBIAN_KEYRING),
    Source(MIRROR, "bookworm-updates", ("main",)),
    Source("http://mirror.example/debian-security", "bookworm-security", ("main",), DEBIAN_KEYRING),
]
STRANGERS = [
    Source("https://cloud.example/apt", "cloud-sdk-bookworm", ("main",)),
    Source("https://tools.example", "bookworm", ("main",), "/usr/share/keyrings/tools.gpg"),
    Source("https://tools.example/linux/debian", "bookworm", ("stable",)),
    Source("https://tools.example/apt", "bookworm", ("main",)),
    Source(MIRROR, "trixie", ("main",)),
]


def test_the_machines_own_mirror_is_used() -> None:
    """A suite is fetched from where this machine gets it, with the definition's components and Debian's keys."""
    found = debian_sources("bookworm", ("main",), KNOWN)
    assert [(s.uri, s.suite) for s in found] == [(s.uri, s.suite) for s in KNOWN]
    assert {(s.components, s.signed_by) for s in found} == {(("main",), DEBIAN_KEYRING)}


def test_third_parties_never_get_into_an_image() -> None:
    """Repositories that are not Debian's are left out, also those that use the suite's name."""
    assert debian_sources("bookworm", ("main",), [*STRANGERS, *KNOWN]) == debian_sources("bookworm", ("main",), KNOWN)


def test_a_suite_the_machine_does_not_know_comes_from_the_default_mirror() -> None:
    """Without an entry for the suite, the mirror is Debian's own."""
    found = debian_sources("trixie", ("main",), KNOWN)
    assert [s.suite for s in found] == ["trixie", "trixie-updates", "trixie-security"]
    assert found[0].uri == DEBIAN_MIRROR


def test_backports_come_from_the_same_mirror() -> None:
    """The newer mke2fs is fetched from the mirror that the machine uses."""
    assert str(backports("bookworm", KNOWN)) == f"deb [signed-by={DEBIAN_KEYRING}] {MIRROR} bookworm-backports main"


def test_all_files_of_apt_are_read(tmp_path: Path) -> None:
    """Both forms are read where apt reads them; files with other endings are not."""
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a x main\n")
    (parts / "b.list").write_text("deb http://b x main\n")
    (parts / "c.sources").write_text("Types: deb\nURIs: http://c\nSuites: x\nComponents: main\n")
    (parts / "d.list.disabled").write_text("deb http://d x main\n")
    assert [source.uri for source in machine_sources(tmp_path)] == ["http://a", "http://b", "http://c"]
    assert machine_sources(tmp_path / "missing") == []
