from __future__ import annotations

import io
from pathlib import Path

import pytest

from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView
from recipe_runner.engine.events import Deviation, Event, Note, Output, Skip, StepEnd
from recipe_runner.engine.plan import plan
from recipe_runner.engine.values import Values
from recipe_runner.language.parse import parse

NOTICES = "\x1b]9;T: {0}\x07\x1b]777;notify;T;{0}\x07\x07"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give a clock that shows what is in the list."""
    clock = [0.0]
    monkeypatch.setattr("recipe_runner.console.attention.time.monotonic", lambda: clock[0])
    monkeypatch.delenv("TMUX", raising=False)
    return clock


def watched(*, plain: bool = False, silent: bool = False) -> tuple[RunView, io.StringIO]:
    """Return a view for somebody at a terminal, and what that terminal is sent."""
    terminal = Terminal(plain=plain, silent=silent)
    terminal.out.file = sent = io.StringIO()
    shown = RunView(
        terminal, plan(parse("t.md", b"# T\n```bash {#a}\ntrue\n```\n"), Values(), actions={}, preconditions={})
    )
    terminal.watched, terminal.interactive = True, not plain
    return shown, sent


def test_a_long_step_and_a_question_after_long_work_call(now: list[float]) -> None:
    """A step of 25 seconds calls at its end, a question after many short ones, nobody who has just typed."""
    shown, sent = watched()
    shown.calls("Run?")
    now[0] = 25.0
    shown.show(StepEnd(step="a", outcome="failed", duration_ms=25_000))
    shown.calls("Again?")
    now[0] = 50.0
    shown.show(StepEnd(step="a", duration_ms=15_000))
    shown.calls("Next?")
    with shown.asking():
        now[0] = 80.0
    shown.closing(Path("r"), code=0, reason="")
    rung = sent.getvalue()
    assert [rung.count(NOTICES.format(said)) for said in ("a: failed", "Next?")] == [1, 1]
    assert rung.count("\x1b]9;") == 2


def test_plain_screens_get_the_bell_alone(now: list[float]) -> None:
    """Nothing is sent that a screen reader could read out."""
    shown, sent = watched(plain=True)
    now[0] = 30.0
    shown.calls("Run?")
    assert sent.getvalue().count("\x07") == 1
    assert "\x1b]" not in sent.getvalue()


def test_a_silent_session_never_calls(now: list[float]) -> None:
    """`--silent` leaves out bell and notification."""
    shown, sent = watched(silent=True)
    now[0] = 30.0
    shown.calls("Run?")
    assert "\x07" not in sent.getvalue()


def test_tmux_hands_a_notification_on(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside tmux the codes are wrapped for the terminal around it, and the bell is not."""
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    shown, sent = watched()
    now[0] = 30.0
    shown.calls("Run?")
    assert "\x1bPtmux;\x1b\x1b]9;T: Run?\x07\x1b\\" in sent.getvalue()
    assert sent.getvalue().endswith("\x07")


def test_a_title_cannot_end_the_notification(now: list[float]) -> None:
    """Control characters of a recipe or a question are shown, not sent."""
    shown, sent = watched()
    now[0] = 30.0
    shown.calls("Run\x07\x1b[2J?")
    assert "\x1b[2J" not in sent.getvalue()


def test_a_log_does_not_mix_what_sub_runs_write_side_by_side() -> None:
    """Each line is whole and one sub-run's, also of characters cut in two; what has no line end comes with the end."""
    terminal = Terminal(plain=True)
    terminal.out.file = sent = io.StringIO()
    text = b"---\nrecipe: 1\nparams:\n  l: {type: list, of: str}\n---\n# T\n```bash {#a each=l parallel=2}\ntrue\n```\n"
    values = Values({"l": ("x", "y")})
    shown = RunView(terminal, plan(parse("t.md", text), values, actions={}, preconditions={}))
    for item, data in (("x", b"on\xc3"), ("y", b"two\xc3"), ("x", b"\xa9\nend"), ("y", b"\xa4\n"), ("y", b"\x1b[1mz")):
        shown.show(Output("a", "stdout", data, 0, item))
    for item in ("y", "x"):
        shown.show(StepEnd(step="a", item=item, duration_ms=0))
    lines = sent.getvalue().splitlines()
    assert lines == [
        "  | [x] oné",
        "  | [y] twoä",
        "  | [y] z",
        "  ✓ done [y]  0.0 s",
        "  | [x] end",
        "  ✓ done [x]  0.0 s",
    ]


@pytest.mark.parametrize(
    "event",
    [
        Note(text="stopped x\n  ✓ done"),
        Deviation(kind="kept", what="step `x\n  ✓ done`", reason="no\n  ✓ done"),
        Skip(step="a", kind="skipped", reason="no\n  ✓ done", item="x\n  ✓ done"),
        StepEnd(
            step="a", item="x\n  ✓ done", exit_code=1, outcome="failed", duration_ms=0, outputs={"o": "\n  ✓ done"}
        ),
    ],
)
def test_what_an_event_says_cannot_forge_a_row(event: Event) -> None:
    """A line end in a name, a reason or a value is spelt out."""
    shown, sent = watched(plain=True)
    shown.show(event)
    assert "\\u{a}  ✓ done" in sent.getvalue()
    assert not [row for row in sent.getvalue().split("\n") if row.startswith("  ✓")]
