"""Somebody who is not root: a process of user nobody, with a range of further numbers that only it sees."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = "65534"
_ENTER = """\
mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift &&
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
"""


def as_nobody(place: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `recipe` as nobody with its home in `place`; skips the test where the machine does not allow it."""
    if os.geteuid():
        pytest.skip("becoming somebody else takes root")
    ranges = place / "subid"
    ranges.write_text("nobody:200000:65536\n")
    for python in (sys.executable, "/usr/bin/python3"):
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        enter = ["unshare", "--mount", "sh", "-c", _ENTER, "sh", str(ranges), python, "-c"]
        probe = [
            *enter,
            "import subprocess as s, pydantic, click; s.run(['unshare', '-r', '--map-auto', 'true'], check=True)",
        ]
        # a pipe would be held by what `unshare` forgets to end where it may not make a namespace
        nowhere = subprocess.DEVNULL
        said = subprocess.run(probe, env=environ, cwd="/", stdout=nowhere, stderr=nowhere, check=False)
        if said.returncode == 0:
            program = "import sys; from recipe_runner.cli import main; main()"
            return subprocess.run(
                [*enter, program, *map(str, arguments)],
                env=environ,
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
    pytest.skip("user nobody can run no Python with our packages here, or gets no user namespace")
