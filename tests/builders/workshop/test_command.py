from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builders.workshop import command, listener
from builders.workshop.command import Commands, ToolError
from recipe_runner.errors import RecipeError, UnmetError


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path / "log", {"PATH": os.environ["PATH"], "GREETING": "hello"})


def test_what_tools_say_is_in_the_log(commands: Commands) -> None:
    """Each command is logged as a person could type it, followed by its output."""
    commands.run("sh", "-c", "echo $GREETING; echo oh >&2; cat", stdin=b"given")
    assert commands.log.read_text() == "+ sh -c 'echo $GREETING; echo oh >&2; cat'\nhello\noh\ngiven"


def test_output_is_returned_and_errors_are_logged(commands: Commands) -> None:
    """A tool that is asked something answers the caller, not the log."""
    assert commands.output("sh", "-c", "echo answer; echo remark >&2") == "answer\n"
    assert commands.log.read_text().endswith("\nremark\n")


def test_the_environment_is_the_given_one(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the caller's environment reaches a tool, but what is added for it does."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "secret" not in commands.output("env")
    assert "EXTRA=1\n" in commands.extended(EXTRA="1").output("env")


def test_a_failure_is_told_with_the_last_lines(commands: Commands) -> None:
    """The error names tool and status; the last lines are kept, their control characters made visible."""
    commands.run("echo", "earlier")
    with pytest.raises(ToolError, match="`sh` ended with status 3") as caught:
        commands.run("sh", "-c", r"seq 30; printf '\033[31mred\n'; exit 3")
    lines = caught.value.said.splitlines()
    assert lines[-1].strip() == "\\u{1b}[31mred"
    assert len(lines) == 12
    assert "earlier" not in caught.value.said


def test_a_signal_is_told(commands: Commands) -> None:
    """A tool that was killed is not taken for one that failed by itself."""
    with pytest.raises(ToolError, match="ended by signal 9"):
        commands.run("sh", "-c", "kill -9 $$")


def test_a_missing_tool_is_an_unmet_need(commands: Commands) -> None:
    """A tool that is not installed is named."""
    with pytest.raises(UnmetError, match="`no-such-tool` is not installed"):
        commands.run("no-such-tool")


def test_a_tool_that_hangs_up_its_group_does_not_reach_the_caller(commands: Commands) -> None:
    """A failing mmdebstrap hangs up its whole process group; the builder, and who called it, are not in it."""
    with pytest.raises(ToolError, match="signal 1"):
        commands.run("sh", "-c", "kill -HUP 0; sleep 10")


def test_a_tool_cannot_cut_off_the_log(commands: Commands) -> None:
    """What it inherits is a pipe: it can be written to, also by name, and neither truncated nor read."""
    commands.run("echo", "before")
    commands.run("python3", "-c", "import os\nfor n in 1, 2:\n try: os.ftruncate(n, 0)\n except OSError: print('kept')")
    commands.run("sh", "-c", "echo by name >/dev/stderr")
    said = commands.log.read_text().splitlines()
    assert [row for row in said if not row.startswith(("+", "import", "for", " "))] == [
        "before", "kept", "kept", "by name",
    ]  # fmt: skip
    assert "before" in commands.log.read_text()


def test_what_a_tool_leaves_running_is_not_waited_for(commands: Commands) -> None:
    """A child that keeps the pipe open does not hold up the build; what was said before is all in the log."""
    commands.run("sh", "-c", "sleep 600 & echo $! >pid; seq 20000", cwd=commands.log.parent)
    assert commands.log.read_text().splitlines()[1:] == [str(n) for n in range(1, 20001)]
    os.kill(int((commands.log.parent / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("then", ["exec yes", "exit 0"])
def test_a_tool_that_says_too_much_is_ended(commands: Commands, monkeypatch: pytest.MonkeyPatch, then: str) -> None:
    """It is an error also where the tool has come to its end before anybody looked; the log ends at the limit."""
    for module in (command, listener):
        monkeypatch.setattr(module, "MOST_SAID", 1 << 20)
    with pytest.raises(RecipeError, match="said more than 1 MiB"):
        commands.run("sh", "-c", f"seq 1000000; {then}")
    assert commands.log.stat().st_size < 3 << 20


FILLED = """
import os, sys
from pathlib import Path
from builders.workshop.command import Commands, ToolError
from builders.workshop.margin import Margin
place = Path(sys.argv[1])
fill = "echo filling; for n in $(seq 61); do head -c 1M /dev/zero >$n; done; exec sleep 600"
try:
    Commands(place / "log", dict(os.environ), Margin.of(place)).run("sh", "-c", fill, cwd=place, name="hook x")
except ToolError as error:
    print(error.diagnostics[0].message, error.diagnostics[0].hint, error.said, sep="\\n")
"""


def test_a_tool_that_takes_the_last_room_is_ended(tmp_path: Path) -> None:
    """Many files, each of them small, do not fill the place; the error says what to do, and has the tool's words."""
    if os.geteuid():
        pytest.skip("mounting a small file system takes root")
    mounted = 'mount -t tmpfs -o size=64m none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted, "sh", tmp_path, sys.executable, FILLED],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    message, hint, *said = done.stdout.splitlines()
    assert message == "`hook x` was ended by signal 15: no space left", done.stdout + done.stderr
    assert hint == "make room where the work is done, or set TMPDIR to a larger place"
    assert said[0].strip() == "filling"
    assert said[1].strip().startswith("ended by the builder: ")
