from __future__ import annotations

from pathlib import Path

import pytest

from builders.build.rootfs import mirror, parse_indexes, refuse_false_mirrors
from builders.workshop.sources import Source
from recipe_runner.errors import UnmetError


def test_indexes_are_known_by_their_suites() -> None:
    """Apt's names for its lists hold the suite; what is no index is passed over, and no archive hides another."""
    one, other = "a" * 64, "b" * 64
    text = (
        f"{one}  deb.debian.org_debian_dists_bookworm_InRelease\n"
        f"{other}  deb.debian.org_debian-security_dists_bookworm-security_InRelease\n"
        f"{other}  _dev_shm_x_archive_dists_bookworm_Release\n{one}  lock\n"
    )
    assert parse_indexes(text) == {"bookworm": f"{one}+{other}", "bookworm-security": other}


def test_only_an_archive_is_shown(tmp_path: Path) -> None:
    """A definition cannot pretend that a directory of this machine is a mirror; of a flat one no more than it is."""
    for place in ("mirror/dists/karmic", "home/flat"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "Release").touch()
    whole = Source(f"file://{tmp_path}/mirror", "karmic", ("main",))
    flat = Source(f"copy://{tmp_path}/home", "flat/", ())
    refuse_false_mirrors((whole, flat, Source("http://127.0.0.1:1", "karmic", ("main",))))
    assert [mirror(source) for source in (whole, flat)] == [tmp_path / "mirror", tmp_path / "home/flat"]
    with pytest.raises(UnmetError) as caught:
        refuse_false_mirrors((Source("file:///", "karmic", ("main",)), whole, Source("copy:///", "./", ())))
    assert [fault.message.partition(":")[0] for fault in caught.value.diagnostics] == [
        "`/` is no archive of `karmic`",
        "`/` is no archive of `./`",
    ]
