from __future__ import annotations

import pytest

from builders.customise.leftovers import is_left_over


@pytest.mark.parametrize(
    "path",
    [
        "etc/ssh/ssh_host_rsa_key",
        "etc/ssh/ssh_host_ed25519_key.pub",
        "etc/apt/apt.conf.d/99mmdebstrap",
        "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
        "tmp/x",
        "run/lock/y",
        "root/.bash_history",
        "var/lib/dbus/machine-id",
        "var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_InRelease",
        "var/cache/apt/archives/x_1_amd64.deb",
        "var/cache/apt/pkgcache.bin",
        "var/lib/dpkg/status-old",
        "var/log/dpkg.log",
        "var/log/apt/history.log",
        "var/log/journal/abc/system.journal",
        ".image-hooks",
        ".image-hooks/00",
    ],
)
def test_traces_of_the_build_go(path: str) -> None:
    """Secrets, caches, logs and the builder's own settings do not stay in an image."""
    assert is_left_over(path)


@pytest.mark.parametrize(
    "path",
    [
        "etc/ssh/sshd_config",
        "tmp",
        "run",
        "var/log",
        "var/log/journal.txt",
        "var/lib/apt/lists",
        "var/lib/apt/lists/lock",
        "var/lib/apt/lists/partial",
        "var/lib/dpkg/status",
        "usr/share/doc/x.log",
        "root/.bashrc",
    ],
)
def test_what_belongs_to_the_system_stays(path: str) -> None:
    """Directories that programs expect and files of packages are left alone."""
    assert not is_left_over(path)
