"""Throw-away SSH keys made by the real ssh-keygen, and a real agent for them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def make_ssh_key(path: Path, *, algorithm: str = "ed25519", passphrase: str = "") -> Path:
    """Make a key and return the file of its secret part; the public one is beside it."""
    argv = ["ssh-keygen", "-q", "-t", algorithm, "-N", passphrase, "-C", "me@x.example", "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    return path


@contextlib.contextmanager
def ssh_agent(*keys: Path) -> Iterator[dict[str, str]]:
    """Start an agent that holds keys, and give the variables by which programs find it."""
    place = Path(tempfile.mkdtemp(prefix="a", dir="/tmp"))
    argv = ["ssh-agent", "-s", "-a", str(place / "s")]
    started = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = re.search(r"SSH_AGENT_PID=(\d+)", started)
    assert found
    variables = {"SSH_AUTH_SOCK": str(place / "s")}
    try:
        for key in keys:
            subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, **variables})
        yield variables
    finally:
        os.kill(int(found[1]), signal.SIGTERM)
        shutil.rmtree(place, ignore_errors=True)
