"""A session as a whole: which run it belongs to, how it ended, and what can be done next."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.text import Text

from recipe_runner.console.reading import read_by_nobody
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Close, Deviation, Event, StepEnd
from recipe_runner.engine.plan import Plan
from recipe_runner.sanitise import line


class Summary:
    """What a session is about, said at its beginning, and what it came to, said at its end."""

    def __init__(self, terminal: Terminal, plan: Plan) -> None:
        self.run = ""
        self._terminal = terminal
        self._plan = plan
        self._signed = False
        self._onward = "resume"
        self._over = ""
        self._sum = ""
        self._not_undone: set[tuple[str, str | None]] = set()

    @property
    def undoing(self) -> bool:
        """Whether the steps that come are undone, newest first."""
        return self._onward == "undo"

    def opening(self, run: str, signer: str | None, mode: str, onward: str, finished: int) -> None:
        """Say what is about to be run."""
        self.run, self._signed, self._onward = run, signer is not None, onward
        recipe = self._plan.recipe
        self._terminal.put(Text(line(recipe.title), style="bold"))
        self._fact("recipe", recipe.sources[0].path)
        self._fact("run", run)
        self._fact("steps", f"{len(self._plan.steps)}{f', {finished} of them finished' if finished else ''}")
        self._fact("signed by", signer or "nobody (--no-sign)")
        self._fact("answers", "you" if mode == "ask" else f"--{mode}")

    def count(self, event: Event) -> None:
        """Take into account what happened."""
        match event:
            case StepEnd(role="undo"):
                failed = set() if event.outcome == "ok" else {(event.step, event.item)}
                self._not_undone = self._not_undone - {(event.step, event.item)} | failed
            case Close():
                self._over = "rolled back" if self.undoing else "done"
                self._sum = f"{event.done} of {event.total} done"
                self._onward = ""
            case Deviation(kind="rolled-back"):
                self._onward = "undo"
            case _:
                pass

    def closing(self, directory: Path, elapsed: str, *, code: int, reason: str) -> None:
        """Say how the session ended, where its journal is and what can be done next."""
        self._terminal.blank()
        if code == 0:
            self._terminal.rule(f"✓ {self._over or 'done'}", elapsed, "green")
        else:
            left = ", but not all of it could be undone" if self._not_undone else ""
            over = {"rolled back": f"rolled back{left}", "done": "done, except for what failed and was skipped"}
            self._terminal.rule(f"✗ {reason or over.get(self._over, 'stopped')}", elapsed, "red")
        if self._sum:
            self._fact("steps", self._sum)
        self._fact("journal", str(directory / "journal.jsonl"))
        if unread := read_by_nobody():
            self._terminal.put(Text.assemble(("  typed, and read by nobody: ", "dim"), line(unread)))
        named = shlex.quote(str(directory))
        if self._onward:
            self._fact("go on", f"recipe {self._onward} {named}")
        if self._signed:
            self._fact("verify", f"recipe verify {named} --policy FILE")

    def _fact(self, name: str, text: str) -> None:
        self._terminal.put(Text.assemble((f"  {name:<10}", "dim"), line(text)))
