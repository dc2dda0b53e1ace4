from __future__ import annotations

from builders.build.rootfs import parse_indexes


def test_indexes_are_known_by_their_suites() -> None:
    """Apt's names for its lists hold the suite; what is no index is passed over, and no archive hides another."""
    one, other = "a" * 64, "b" * 64
    text = (
        f"{one}  deb.debian.org_debian_dists_bookworm_InRelease\n"
        f"{other}  deb.debian.org_debian-security_dists_bookworm-security_InRelease\n"
        f"{other}  _dev_shm_x_archive_dists_bookworm_Release\n{one}  lock\n"
    )
    assert parse_indexes(text) == {"bookworm": f"{one}+{other}", "bookworm-security": other}
