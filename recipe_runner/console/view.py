"""A run on the screen: each step with its prose and code, its output and its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from rich.text import Text

from recipe_runner.console import findings as table
from recipe_runner.console.attention import LONG, Attention
from recipe_runner.console.card import Cards
from recipe_runner.console.columns import hanging
from recipe_runner.console.countdown import Countdown
from recipe_runner.console.gutter import Gutter
from recipe_runner.console.lanes import Lanes
from recipe_runner.console.pinned import Pinned, bar
from recipe_runner.console.results import show_end, show_skip
from recipe_runner.console.summary import Summary
from recipe_runner.console.terminal import Terminal, styled
from recipe_runner.engine.events import (
    Approval,
    Deviation,
    Event,
    Note,
    Output,
    Request,
    Resting,
    Resume,
    Skip,
    StepEnd,
    StepStart,
    Ticking,
    Waiting,
    Witnessed,
)
from recipe_runner.engine.plan import Plan, PlannedStep
from recipe_runner.engine.preconditions.world import Finding
from recipe_runner.journal.reading.narrative import tell
from recipe_runner.language.model import Block, Manual
from recipe_runner.sanitise import line


class View(Protocol):
    """What shows the events of one session."""

    def opening(self, run: str, signer: str | None, mode: str, *, onward: str = "resume", finished: int = 0) -> None:
        """Show what is about to be run.

        `onward` is the verb that goes on where this session stops, `finished` how many steps need nothing more.
        """

    def preconditions(self, findings: Sequence[Finding]) -> None:
        """Show what was found of the preconditions."""

    def show(self, event: Event) -> None:
        """Show one event."""

    def changes(self, differences: Sequence[str]) -> None:
        """Show how steps differ from what they were when the run began."""

    def closing(self, directory: Path, *, code: int, reason: str) -> None:
        """Show how the session ended."""


class RunView:
    """Shows the events of one session."""

    def __init__(self, terminal: Terminal, plan: Plan) -> None:
        self.terminal = terminal
        self.cards = Cards(terminal, plan)
        self._plan = plan
        self._gutter = Gutter(terminal)
        self._pinned = Pinned(sys.stdout) if terminal.interactive else None
        if self._pinned is not None:
            terminal.out.file = cast("IO[str]", self._pinned)
        self._lanes: Lanes | None = None
        self._countdown = Countdown(terminal)
        self._attention = Attention(terminal, plan.recipe.title)
        self._began = time.monotonic()
        self._shown = ""
        self._summary = Summary(terminal, plan)
        terminal.held(self.released)

    def opening(self, run: str, signer: str | None, mode: str, *, onward: str = "resume", finished: int = 0) -> None:
        """Show what is about to be run."""
        self._summary.opening(run, signer, mode, onward, finished)

    def preconditions(self, findings: Sequence[Finding]) -> None:
        """Show every precondition and whether it is met."""
        if not findings:
            return
        self.terminal.blank()
        table.show(self.terminal, self._plan, findings)

    def step(self, step_id: str) -> None:
        """Show a step's heading, prose and code; once, however often it is asked for in a row."""
        planned = self.cards.planned(step_id)
        if step_id != self._shown:
            self._shown = step_id
            self._settle()
            self.cards.show(planned, self._elapsed(), undoing=self._summary.undoing)
        if self._pinned is not None:
            self._pinned.pin(lambda width: self._head(planned, width))

    def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Output(stream="state") | Resting():
                pass
            case Output():
                self._countdown.clear()
                if self._lanes is not None and event.item is not None:
                    self._lanes.feed(event)
                else:
                    self._gutter.feed(event, whole=event.item is not None and self._side_by_side(event.step))
            case Waiting():
                if self._lanes is not None and event.item is not None:
                    self._lanes.wait(event)
                else:
                    self._gutter.interrupt()
                    self._countdown.show(event)
            case Ticking():
                self._tick()
            case StepStart():
                self.step(event.step)
                self._start(event)
            case StepEnd() if self._lanes is not None and event.item is not None:
                self._lanes.end(event)
            case StepEnd() if event.item is not None:
                self._countdown.clear()
                self._gutter.end(event.item)
                self._tell(event)
            case _:
                self._settle()
                self._tell(event)

    def released(self) -> None:
        """Give the whole screen to somebody else for a while."""
        self._settle()
        if self._pinned is not None:
            self._pinned.release()

    def changes(self, differences: Sequence[str]) -> None:
        """Show how steps differ from what they were when the run began."""
        for difference in differences:
            self.terminal.blank()
            self.cards.code(difference, "diff")

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Keep the screen in order while the operator types a line."""
        self.terminal.out.file.flush()
        if self._pinned is not None:
            self._pinned.reserve()
        yield
        self._attention.paid()

    def refresh(self) -> None:
        """Draw what stays in place again, for the size that the screen has now."""
        if self._pinned is not None:
            self._pinned.refresh()

    def calls(self, question: str) -> None:
        """Make the screen ready for a question."""
        self._settle()
        self._attention.call(question)

    def closing(self, directory: Path, *, code: int, reason: str) -> None:
        """Show how the session ended, where its journal is and what can be done next."""
        self.released()
        self._attention.call(reason or ("stopped" if code else "done"))
        self._summary.closing(directory, self._elapsed(), code=code, reason=reason)

    def _start(self, event: StepStart) -> None:
        step = self.cards.planned(event.step).step
        if event.role == "shell" or (step.attributes.tty and isinstance(step, Block)):
            self.released()
        elif event.item is not None and self._side_by_side(event.step) and self.terminal.interactive:
            self._lanes = self._lanes or Lanes(self.terminal)
            self._lanes.begin(event.item)

    def _side_by_side(self, step_id: str) -> bool:
        return self.cards.planned(step_id).step.attributes.parallel > 1

    def _tell(self, event: Event) -> None:
        """Say in words what happened; call for attention where it took long."""
        self._summary.count(event)
        match event:
            case StepEnd():
                show_end(self.terminal, event)
                if event.duration_ms > LONG * 1000:
                    self._attention.call(f"{event.step}: {event.outcome}")
            case Skip():
                self._skip(event)
            case Deviation(kind="rolled-back"):
                self._shown = ""
            case Deviation(kind="skipped" | "accepted"):
                pass
            case Deviation(what=what, reason=reason):
                self._remark(f"deviation: {what}{f' ({reason})' if reason else ''}", "warn")
            case Note():
                self._remark(event.text, "warn")
            case Witnessed():
                told = tell(event)
                self._remark(told.text, "quiet" if told.tone == "good" else "warn")
            case Request() | Approval():
                told = tell(event)
                self._remark(f"– {told.text}", told.tone)
            case Resume(changed=changed) if changed:
                self._remark(f"The recipe has changed since the run began: {', '.join(changed)}", "warn")
            case _:
                pass

    def _remark(self, text: str, style: str) -> None:
        hanging(self.terminal, Text("  "), styled(line(text), style))

    def _skip(self, event: Skip) -> None:
        """Show a step that does not run, and say why."""
        planned = self.cards.planned(event.step)
        if event.kind == "not-applicable":
            self.cards.rule(planned, self._elapsed(), "dim")
        else:
            self.step(event.step)
        show_skip(self.terminal, event, by_hand=isinstance(planned.step, Manual))

    def _head(self, planned: PlannedStep, width: int) -> list[str]:
        """Return what stays at the head of the screen: which run this is, where it stands, what comes next."""
        steps = self._plan.steps
        following = f"next: {steps[planned.number].step.id}" if planned.number < len(steps) else "the last step"
        if self._summary.undoing:
            following = "rolling back"
        return [
            bar(line(self._plan.recipe.title), f"run {self._summary.run[:12]}  {self._elapsed()}", width),
            bar(f"step {planned.number} of {len(steps)}: {planned.step.id}", following, width),
        ]

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"

    def _tick(self) -> None:
        """Let the clocks on the screen go on."""
        if self._lanes is not None:
            self._lanes.tick()
        self.refresh()

    def _settle(self) -> None:
        """End whatever is unfinished on the screen: a wait, live lines, a line without its end."""
        self._countdown.clear()
        if self._lanes is not None:
            lanes, self._lanes = self._lanes, None
            lanes.finish(self.terminal)
        self._gutter.finish()
