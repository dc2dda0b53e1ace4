from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders.workshop import listener
from builders.workshop.listener import Listener


@contextmanager
def saying(text: str, log: Path) -> Iterator[Listener]:
    """Give a listener to a shell that does this."""
    with (
        subprocess.Popen(["sh", "-c", text], stdout=subprocess.PIPE) as process,
        log.open("ab", buffering=0) as kept,
    ):
        assert process.stdout is not None
        with Listener(process, process.stdout.fileno(), kept) as made:
            yield made


def test_all_that_is_said_is_kept_and_counted(tmp_path: Path) -> None:
    """More than a pipe holds comes into the log; the last lines are remembered, and what the builder adds."""
    with saying("seq 100000; printf '\\033[31mred\\n'", tmp_path / "log") as made:
        assert made.listen(600)
        made.remark("over")
    kept = (tmp_path / "log").read_bytes()
    assert kept.splitlines()[:100000] == [b"%d" % n for n in range(1, 100001)]
    assert made.heard == len(kept) - len(b"over\n")
    assert made.tail().splitlines()[-2:] == ["    \\u{1b}[31mred", "    over"]


def test_a_log_that_cannot_be_written_is_an_error_until_the_end() -> None:
    """Nothing is lost in silence; but a tool that is being ended is listened to all the same, or it would never end."""
    with saying("seq 100000", Path("/dev/full")) as made:
        with pytest.raises(OSError, match="No space left"):
            made.listen(600)
        assert made.listen_to_the_end(600)


def test_no_more_is_kept_than_can_be_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast it comes: all of it is counted, and the log ends at the limit."""
    monkeypatch.setattr(listener, "MOST_SAID", 1 << 20)
    with saying("seq 1000000", tmp_path / "log") as made:
        assert made.listen(600)
    assert made.heard > 6 << 20
    assert (1 << 20) - (1 << 16) <= (tmp_path / "log").stat().st_size <= 1 << 20


def test_a_tool_that_is_being_ended_fills_no_log(tmp_path: Path) -> None:
    """Whoever says more and more, and does not mind a SIGTERM, is heard to the end, but not written down."""
    with saying("seq 1000000", tmp_path / "log") as made:
        assert made.listen_to_the_end(600)
        made.remark("over")
    assert made.heard > 6 << 20
    kept = (tmp_path / "log").read_bytes()
    assert len(kept) <= (1 << 20) + len(b"over\n")
    assert kept.endswith(b"over\n")
