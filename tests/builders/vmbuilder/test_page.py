from __future__ import annotations

from pathlib import Path

import pytest

from builders.vmbuilder.options import GROUPS, Option
from builders.vmbuilder.page import tables

PAGE = Path(__file__).parents[3] / "docs/reference/vmbuilder.md"
KNOWN = [
    "config",
    "templates",
    "destdir",
    "overwrite",
    "only-chroot",
    "chroot-dir",
    "existing-chroot",
    "tmp",
    "tmpfs",
    "in-place",
    "debug",
    "verbose",
    "quiet",
    "version",
    "rootsize",
    "optsize",
    "swapsize",
    "raw",
    "part",
    "addpkg",
    "removepkg",
    "seedfile",
    "arch",
    "hostname",
    "suite",
    "flavour",
    "variant",
    "debootstrap-tarball",
    "iso",
    "mirror",
    "install-mirror",
    "security-mirror",
    "install-security-mirror",
    "proxy",
    "components",
    "ppa",
    "lang",
    "timezone",
    "user",
    "name",
    "pass",
    "rootpass",
    "uid",
    "gid",
    "lock-user",
    "ssh-key",
    "ssh-user-key",
    "manifest",
    "ip",
    "mask",
    "net",
    "bcast",
    "gw",
    "dns",
    "mac",
    "domain",
    "firstboot",
    "firstlogin",
    "copy",
    "execscript",
    "libvirt",
    "bridge",
    "network",
    "mem",
    "cpus",
    "xen-kernel",
    "xen-ramdisk",
    "vbox-disk-format",
    "ec2",
    "ec2-name",
    "ec2-cert",
    "ec2-key",
    "ec2-user",
    "ec2-bucket",
    "ec2-access-key",
    "ec2-secret-key",
    "ec2-kernel",
    "ec2-ramdisk",
    "ec2-version",
    "ec2-landscape",
    "ec2-bundle",
    "ec2-upload",
    "ec2-register",
]
"""Every option that VMBuilder's sources register."""
ALL = [option for group in GROUPS.values() for option in group]


def test_every_option_of_vmbuilder_is_in_the_table() -> None:
    """None is forgotten and none invented."""
    assert sorted(option.name for option in ALL) == sorted(KNOWN)


def test_the_page_has_the_table() -> None:
    """What the docs show is what the converter knows; to renew the page, print `builders.vmbuilder.page.tables()`."""
    assert tables() in PAGE.read_text()


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.name)
def test_what_has_no_equivalent_says_why(option: Option) -> None:
    """An option with an equivalent names it; one without gives a reason."""
    assert option.here if option.fate in {"key", "verb"} else option.why
