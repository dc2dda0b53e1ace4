from __future__ import annotations

from builders.build.manifest import manifest

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
Version: 2.6.1
"""


def test_the_manifest_lists_what_is_installed() -> None:
    """Installed packages are listed by name with their version; removed ones are not."""
    assert manifest(STATUS) == "apt\t2.6.1\nzstd\t1.5.4\n"
