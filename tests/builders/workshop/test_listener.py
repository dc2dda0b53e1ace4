from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders.workshop.listener import Listener


@contextmanager
def saying(text: str, log: Path) -> Iterator[Listener]:
    """Give a listener to a shell that does this."""
    with (
        subprocess.Popen(["sh", "-c", text], stdout=subprocess.PIPE) as process,
        log.open("ab", buffering=0) as kept,
    ):
        assert process.stdout is not None
        with Listener(process, process.stdout.fileno(), kept) as listener:
            yield listener


def test_all_that_is_said_is_kept_and_counted(tmp_path: Path) -> None:
    """More than a pipe holds comes into the log; the last lines are remembered, and what the builder adds."""
    with saying("seq 100000; printf '\\033[31mred\\n'", tmp_path / "log") as listener:
        assert listener.listen(600)
        listener.remark("over")
    kept = (tmp_path / "log").read_bytes()
    assert kept.splitlines()[:100000] == [b"%d" % n for n in range(1, 100001)]
    assert listener.heard == len(kept) - len(b"over\n")
    assert listener.tail().splitlines()[-2:] == ["    \\u{1b}[31mred", "    over"]


def test_a_log_that_cannot_be_written_is_an_error_until_the_end() -> None:
    """Nothing is lost in silence; but a tool that is being ended is listened to all the same, or it would never end."""
    with saying("seq 100000", Path("/dev/full")) as listener:
        with pytest.raises(OSError, match="No space left"):
            listener.listen(600)
        assert listener.listen_to_the_end(600)


def test_a_tool_that_is_being_ended_fills_no_log(tmp_path: Path) -> None:
    """Whoever says more and more, and does not mind a SIGTERM, is heard to the end, but not written down."""
    with saying("seq 1000000", tmp_path / "log") as listener:
        assert listener.listen_to_the_end(600)
        listener.remark("over")
    assert listener.heard > 6 << 20
    kept = (tmp_path / "log").read_bytes()
    assert len(kept) <= (1 << 20) + len(b"over\n")
    assert kept.endswith(b"over\n")
