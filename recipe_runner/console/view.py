"""A run on the screen: each step with its prose and code, its output, its end, and the sum of it all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rich.padding import Padding
from rich.text import Text

from recipe_runner.console.gutter import Gutter
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Deviation, Event, Output, Resume, Skip, StepEnd, StepStart, Waiting
from recipe_runner.engine.plan import AnyStep, Plan, PlannedStep
from recipe_runner.engine.preconditions.base import Finding
from recipe_runner.engine.process import Ended
from recipe_runner.language.model import Block, Manual
from recipe_runner.sanitise import line, visible

LONG = 20.0
"""Seconds of work after which a question rings the bell."""
ROLES = {"check": "check", "verify": "verification", "undo": "undo", "shell": "shell", "run": ""}


class View(Protocol):
    """What shows the events of one session."""

    def opening(self, run: str, signer: str | None, mode: str) -> None:
        """Show what is about to be run."""

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
        self._plan = plan
        self._gutter = Gutter(terminal)
        self._began = time.monotonic()
        self._shown = ""
        self._signed = False
        self._waiting = False
        self._worked = self._began

    def opening(self, run: str, signer: str | None, mode: str) -> None:
        """Show what is about to be run."""
        self._signed = signer is not None
        recipe = self._plan.recipe
        self.terminal.out.print(Text(line(recipe.title), style="bold"))
        facts = [
            ("recipe", recipe.sources[0].path),
            ("run", run),
            ("steps", f"{len(self._plan.steps)}"),
            ("signed by", signer or "nobody (--no-sign)"),
            ("answers", {"ask": "you", "yes": "--yes"}.get(mode, mode)),
        ]
        for name, text in facts:
            self.terminal.out.print(Text.assemble((f"  {name:<10}", "dim"), line(text)))

    def preconditions(self, findings: Sequence[Finding]) -> None:
        """Show every precondition and whether it is met."""
        if not findings:
            return
        rows: list[list[str | tuple[str, str]]] = [
            [("✓ met", "good") if f.met else ("✗ not met", "bad"), p.text(), (f.detail, "quiet")]
            for p, f in zip(self._plan.preconditions, findings, strict=True)
        ]
        self.terminal.out.print()
        self.terminal.table(("", "precondition", "found"), rows)

    def step(self, step_id: str) -> None:
        """Show a step's heading, prose and code; once, however often it is asked for in a row."""
        if step_id == self._shown:
            return
        self._shown = step_id
        planned = next(p for p in self._plan.steps if p.step.id == step_id)
        self._gutter.finish()
        self.terminal.out.print()
        self.terminal.rule(self._heading(planned), self._elapsed())
        self._prose(planned.step)
        self._work(planned.step)

    def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Output(stream="state"):
                return
            case Output():
                self._still()
                self._gutter.feed(event)
                return
            case Waiting():
                self._wait(event)
                return
            case StepStart(step=step_id):
                self.step(step_id)
                self._worked = time.monotonic()
                return
            case _:
                self._still()
                self._gutter.finish()
        match event:
            case StepEnd():
                self._end(event)
            case Skip(kind="not-applicable"):
                self.terminal.out.print()
                self.terminal.rule(self._heading(self._planned(event.step)), self._elapsed(), style="dim")
                self.terminal.say(f"  – not applicable: {event.reason}", "quiet")
            case Skip():
                self.step(event.step)
                words = {"done": "done by hand", "already-done": "already done", "skipped": "skipped"}
                item = f" [{event.item}]" if event.item else ""
                reason = f": {event.reason}" if event.reason else ""
                self.terminal.say(f"  – {words.get(event.kind, event.kind)}{item}{reason}", "warn")
            case Deviation(what=what, reason=reason):
                self.terminal.say(f"  deviation: {what}{f' ({reason})' if reason else ''}", "warn")
            case Resume(changed=changed) if changed:
                self.terminal.say(f"  The recipe has changed since the run began: {', '.join(changed)}", "warn")
            case _:
                pass

    def changes(self, differences: Sequence[str]) -> None:
        """Show how steps differ from what they were when the run began."""
        for difference in differences:
            self.terminal.out.print()
            self.show_code(difference, "diff")

    def calls(self) -> None:
        """Ring the bell where a question comes after long work, for somebody who has looked away."""
        if self.terminal.interactive and time.monotonic() - self._worked > LONG:
            self.terminal.out.bell()
        self._worked = time.monotonic()

    def later(self, step_id: str) -> list[str]:
        """Return the ids of the steps behind one."""
        ids = [planned.step.id for planned in self._plan.steps]
        return ids[ids.index(step_id) + 1 :]

    def code(self, step_id: str) -> str:
        """Return the code of a block."""
        step = self._planned(step_id).step
        return step.script.text if isinstance(step, Block) else ""

    def show_code(self, code: str, language: str = "bash") -> None:
        """Show code in colour."""
        from rich.syntax import Syntax  # noqa: PLC0415 - slow to import, and only people need it

        syntax = Syntax(visible(code).rstrip("\n"), language, theme="ansi_dark", background_color="default")
        self.terminal.out.print(Padding(syntax, (0, 2)), soft_wrap=False)

    def closing(self, directory: Path, *, code: int, reason: str) -> None:
        """Show how the session ended, where its journal is and what can be done next."""
        self._gutter.finish()
        out = self.terminal.out
        out.print()
        if code == 0:
            self.terminal.rule("✓ done", self._elapsed(), "green")
        else:
            self.terminal.rule(f"✗ {reason}" if reason else "✗ stopped", self._elapsed(), "red")
        out.print(Text.assemble(("  journal   ", "dim"), str(directory / "journal.jsonl")))
        if code != 0:
            out.print(Text.assemble(("  go on     ", "dim"), f"recipe resume {directory}"))
        if self._signed:
            out.print(Text.assemble(("  verify    ", "dim"), f"recipe verify {directory} --policy POLICY.toml"))

    def _end(self, event: StepEnd) -> None:
        role = ROLES[event.role]
        took = f"{event.duration_ms / 1000:.1f} s"
        if event.role == "shell":
            self.terminal.out.print(Text.assemble("  – shell closed", (f"  {took}", "dim")))
        elif event.outcome == "ok":
            words = f"{role} passed" if role else "done"
            self.terminal.out.print(Text.assemble(("  ✓ ", "green"), words, (f"  {took}", "dim")))
        else:
            ended = Ended(event.outcome, event.exit_code, event.signal, event.duration_ms)
            self.terminal.out.print(
                Text.assemble(("  ✗ ", "bold red"), f"{role or event.step} {ended.words()}", (f"  {took}", "dim"))
            )
        for name, value in event.outputs.items():
            shown = value if isinstance(value, str) else ", ".join(value)
            self.terminal.out.print(Text.assemble((f"    {line(name)} = ", "dim"), line(shown)))

    def _planned(self, step_id: str) -> PlannedStep:
        return next(p for p in self._plan.steps if p.step.id == step_id)

    def _heading(self, planned: PlannedStep) -> str:
        step = planned.step
        mark = "⚠ " if step.attributes.irreversible else ""
        title = "" if isinstance(step, Manual) else f" · {step.title}"
        return f"{mark}{planned.number}/{len(self._plan.steps)} {step.id}{title}"

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self._began)
        return f"{seconds // 60:02}:{seconds % 60:02}"

    def _prose(self, step: AnyStep) -> None:
        if not self.terminal.interactive or not step.prose.strip():
            return
        from rich.markdown import Markdown  # noqa: PLC0415 - slow to import, and only people need it

        self.terminal.out.print(Padding(Markdown(visible(step.prose), hyperlinks=False), (0, 2, 1, 2)), soft_wrap=False)

    def _work(self, step: AnyStep) -> None:
        if isinstance(step, Manual):
            self.terminal.out.print(Text.assemble(("  ☐ ", "yellow"), visible(step.text)))
        elif self.terminal.interactive and isinstance(step, Block):
            self.show_code(step.script.text, step.script.language)
        elif self.terminal.interactive:
            self.show_code(step.source, "markdown")
        following = self.later(step.id)
        if self.terminal.interactive and following:
            self.terminal.say(f"  next: {following[0]}", "quiet")

    def _wait(self, event: Waiting) -> None:
        """Show a wait: counted down in place for a person, once for a log."""
        item = f" [{event.item}]" if event.item else ""
        if self.terminal.interactive:
            self._gutter.finish()
            self.terminal.out.file.write(f"\r\x1b[K  … {line(event.reason + item)}, {event.left:.0f} s")
            self.terminal.out.file.flush()
            self._waiting = event.left > 0
            if not self._waiting:
                self.terminal.out.file.write("\r\x1b[K")
        elif not self._waiting:
            self.terminal.say(f"  … {event.reason}{item}, {event.seconds:.0f} s", "quiet")
            self._waiting = True

    def _still(self) -> None:
        """Clear a wait that is over."""
        if self._waiting and self.terminal.interactive:
            self.terminal.out.file.write("\r\x1b[K")
        self._waiting = False
