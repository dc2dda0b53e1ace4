from __future__ import annotations

import os
import subprocess
from pathlib import Path

from builders.orphans import end_orphans, remove


def test_only_processes_of_the_place_are_ended(tmp_path: Path) -> None:
    """A tool and what it started without its environment end; a stranger, in a place of a like name, goes on."""
    place, other = tmp_path / "work-1", tmp_path / "work-12"
    command = ["sh", "-c", "env -u TMPDIR sleep 600 & echo $!; wait"]
    with (
        subprocess.Popen(
            command, env={**os.environ, "TMPDIR": f"{place}/tmp"}, stdout=subprocess.PIPE, process_group=0
        ) as tool,
        subprocess.Popen(["sleep", "600"], env={**os.environ, "TMPDIR": f"{other}/tmp"}) as stranger,
    ):
        assert tool.stdout is not None
        assert tool.stdout.readline()
        end_orphans(place)
        assert tool.wait() < 0
        assert tool.stdout.read() == b""  # its child, which held the pipe open, is gone too
        assert stranger.poll() is None
        stranger.kill()


def test_a_place_is_removed_whole(tmp_path: Path) -> None:
    """Nothing of it stays, and removing what is not there is no fault."""
    place = tmp_path / "work"
    (place / "a/b").mkdir(parents=True)
    remove(place)
    assert not place.exists()
    remove(place)
