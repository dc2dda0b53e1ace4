"""A build that is ended in one phase after the other: nothing stays, and the next goes on behind the last good one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from builders.workshop.bench import cache_directory
from builders.workshop.modes import choose_mode
from recipe_runner.errors import ExitCode
from tests.support.command import RECIPE
from tests.support.karmic import SERIAL

HEAD = """\
distribution = "tiny"
codename = "karmic"
title = "An unlucky one"
outputs = ["root-tar.gz"]
[disk]
size = "160 MiB"
"""
PHASES = ("setup", "customise", "filesystem", "disk", "output")
SCRIPT = """\
#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/{port}
echo {phase} >&3
read -r answer <&3
"""
KILLED = -signal.SIGKILL


def reached(process: subprocess.Popen[bytes], server: socket.socket, phase: str | None) -> tuple[list[str], int]:
    """Let a build go on to the hook of a phase, or to its end; return the phases whose hooks were run.

    The second value is the connection of a hook that still waits, as a file descriptor, or -1.
    """
    called: list[str] = []
    while process.poll() is None:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        called.append(connection.recv(100).decode().strip())
        if called[-1] == phase:
            return called, connection.detach()
        connection.sendall(b"go\n")
        connection.close()
    return called, -1


def test_every_phase_can_be_interrupted(tmp_path: Path, scratch: Path) -> None:
    """Asked to end or killed, a build takes its hooks with it and releases what it holds; finished phases are kept."""
    if choose_mode() != "namespace":
        pytest.skip("this machine gives no user namespaces")
    folder, home, tree = tmp_path / "definition", tmp_path / "cache/recipe-runner", tmp_path / "tree"
    folder.mkdir()
    home.mkdir(parents=True)
    for name in ("tools", "tiny"):
        (home / name).symlink_to(cache_directory() / name)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        hooks = ""
        for phase in PHASES:
            (folder / phase).write_text(SCRIPT.format(port=server.getsockname()[1], phase=phase))
            (folder / phase).chmod(0o755)
            hooks += f'[[hooks]]\nscript = "{phase}"\nphase = "{phase}"\nwhere = "outside"\n'
        (folder / "x.toml").write_text(HEAD + hooks)
        command: list[str | Path] = [
            RECIPE,
            "image",
            "build",
            folder / "x.toml",
            "--tree",
            tree,
            "--serial",
            SERIAL,
            "--outside-hooks",
        ]
        environ = {**os.environ, "TMPDIR": str(scratch), "XDG_CACHE_HOME": str(home.parent)}

        def build(phase: str | None, number: signal.Signals | None = None) -> tuple[list[str], int]:
            with subprocess.Popen(
                command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                called, waiting = reached(process, server, phase)
                if number:
                    process.send_signal(number)
                    with socket.socket(fileno=waiting) as connection:
                        assert connection.recv(1) == b""  # the hook has ended, by nothing that it was told
            if number:
                assert [path.name for path in (tree / "server/karmic").iterdir() if number != signal.SIGKILL] == []
            return called, process.returncode

        assert build("setup", signal.SIGINT) == (["setup"], ExitCode.INTERRUPTED)
        assert list(scratch.iterdir()) == []
        assert build("customise", signal.SIGTERM) == (["setup", "customise"], ExitCode.INTERRUPTED)
        assert build("filesystem", signal.SIGTERM) == (["customise", "filesystem"], ExitCode.INTERRUPTED)
        assert list(scratch.iterdir()) == []
        assert build("disk", signal.SIGKILL) == (["filesystem", "disk"], KILLED)
        assert build("output", signal.SIGINT) == (["filesystem", "disk", "output"], ExitCode.INTERRUPTED)
        assert build(None) == (["output"], ExitCode.DONE)
    assert list(scratch.iterdir()) == []
    assert {path.name for path in (tree / "server/karmic").iterdir()} == {SERIAL, "current"}
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    assert [mount for mount in mounts if str(scratch) in mount or str(tmp_path) in mount] == []
