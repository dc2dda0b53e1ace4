from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.workshop.bench import cache_directory
from tests.support.command import RECIPE, environment
from tests.support.karmic import DEFINITION, SERIAL

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a home of nobody's that has the fetched tools."""
    with tempfile.TemporaryDirectory(prefix="nobody-", dir="/var/tmp") as folder:
        place = Path(folder)
        for name in ("tools", "tiny"):
            kept = cache_directory() / name
            if kept.is_dir():
                shutil.copytree(kept, place / "cache/recipe-runner" / name, symlinks=True)
        (place / "definition.toml").write_bytes(DEFINITION.read_bytes())
        subprocess.run(["chown", "-R", "65534:65534", place], check=True)
        yield place


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_builds_the_same_bytes(karmic: Path, home: Path) -> None:
    """Without root's rights, where owners are faked, the checksums are those of root's build."""
    if not shutil.which("fakechroot") or subprocess.run([*NOBODY, sys.executable, "-c", ""], check=False).returncode:
        pytest.skip("nobody cannot fake owners, or not read this checkout")
    done = subprocess.run(
        [*NOBODY, RECIPE, "image", "build", home / "definition.toml", "--tree", home / "tree", "--serial", SERIAL],
        env=environment({"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}),
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
    )
    assert done.returncode == 0, done.stderr
    built = home / "tree/server/karmic" / SERIAL
    assert (built / "SHA256SUMS").read_text() == (karmic / "SHA256SUMS").read_text()
