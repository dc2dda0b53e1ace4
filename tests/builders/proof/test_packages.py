from __future__ import annotations

from builders.proof.packages import half_installed, installed, manifest, parse_manifest

STATUS = """\
Package: zstd
Status: install ok installed
Version: 1.5.4
Description: compressor
 Version: not this one

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: apt
Status: install ok installed
Source: apt-source (2.6.0)
Version: 2.6.1

Package: half
Status: install ok half-configured
Version: 3
"""


def test_the_manifest_lists_what_is_installed() -> None:
    """Installed packages are listed by name with their version; removed ones are not."""
    assert manifest(installed(STATUS)) == "apt\t2.6.1\nzstd\t1.5.4\n"
    assert parse_manifest("apt\t2.6.1\nzstd\t1.5.4\n") == {"apt": "2.6.1", "zstd": "1.5.4"}


def test_a_package_says_what_it_was_built_from() -> None:
    """The source package's name and version are the package's own unless it says otherwise; texts end at the line."""
    apt, zstd = installed(STATUS)
    assert (apt.source, apt.source_version) == ("apt-source", "2.6.0")
    assert (zstd.source, zstd.source_version, zstd.summary) == ("zstd", "1.5.4", "compressor")


def test_what_dpkg_did_not_finish_is_told() -> None:
    """A package that is neither installed nor gone is named with its state."""
    assert half_installed(STATUS) == {"half": "install ok half-configured"}
