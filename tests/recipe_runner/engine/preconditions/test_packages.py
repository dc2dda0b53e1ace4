from __future__ import annotations

import shutil
import subprocess

import pytest

from recipe_runner.engine.preconditions.packages import PACKAGES, remedy


@pytest.mark.parametrize("program", ["gpg", "mke2fs", "sfdisk", "mcopy", "qemu-img", "ssh", "git"])
def test_packages_really_bring_their_programs(program: str) -> None:
    """Where a program is installed on Debian, the package named for it is installed too."""
    if shutil.which(program) is None or shutil.which("dpkg-query") is None:
        pytest.skip(f"{program} or dpkg is not here")
    status = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", PACKAGES[program]],
        capture_output=True,
        check=False,
    )
    assert status.stdout == b"installed"


def test_unknown_programs_get_a_way_to_find_out() -> None:
    """A program that is not in the table gets the command that finds its package."""
    assert "apt-file search bin/frobnicate" in remedy("frobnicate")
