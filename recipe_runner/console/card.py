"""A step as it is shown before it runs: where it stands, its prose, its code."""

from __future__ import annotations

from rich.padding import Padding
from rich.text import Text

from recipe_runner.console.columns import hanging
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.plan import AnyStep, Plan, PlannedStep
from recipe_runner.language.model import ActionStep, Block, Manual
from recipe_runner.sanitise import visible

STYLES = {True: "red", False: "cyan"}
"""Of the line above a step, by whether it is a point of no return."""


def heading(planned: PlannedStep, steps: int) -> str:
    """Return a step's place among so many, and its name; the text of a manual item stands below it."""
    step = planned.step
    mark = "⚠ " if step.attributes.irreversible else ""
    title = "" if isinstance(step, Manual) else f" · {step.title}"
    return f"{mark}{planned.number}/{steps} {step.id}{title}"


class Cards:
    """The steps of a plan; code and prose are for people, a log gets headings only."""

    def __init__(self, terminal: Terminal, plan: Plan) -> None:
        self._terminal = terminal
        self._steps = plan.steps
        self._by_id = {planned.step.id: planned for planned in plan.steps}

    def planned(self, step_id: str) -> PlannedStep:
        """Return the planned step of this id; raises KeyError where there is none."""
        return self._by_id[step_id]

    def later(self, step_id: str) -> list[str]:
        """Return the ids of the steps behind one."""
        return [planned.step.id for planned in self._steps[self.planned(step_id).number :]]

    def rule(self, planned: PlannedStep, elapsed: str, style: str, doing: str = "") -> None:
        """Draw the line above a step, with its place and its name."""
        self._terminal.blank()
        self._terminal.rule(f"{doing}{heading(planned, len(self._steps))}", elapsed, style)

    def show(self, planned: PlannedStep, elapsed: str, *, undoing: bool = False) -> None:
        """Show a step whole and which one comes behind it, or what will undo it."""
        if undoing:
            self.rule(planned, elapsed, "yellow", "undo ")
            for script in planned.step.undos if self._terminal.watched else ():
                self.code(script.text, script.language)
            return
        self.rule(planned, elapsed, STYLES[planned.step.attributes.irreversible])
        self._prose(planned.step)
        self._work(planned.step)
        if self._terminal.watched and planned.number < len(self._steps):
            self._terminal.say(f"  next: {self._steps[planned.number].step.id}", "quiet")

    def code(self, text: str, language: str = "bash") -> None:
        """Show code in colour, every line of it whole."""
        shown = visible(text).rstrip("\n")
        if self._terminal.plain:
            self._terminal.say("\n".join(f"  {row}" for row in shown.split("\n")))
            return
        from rich.syntax import Syntax  # noqa: PLC0415 - slow to import, and only people need it

        syntax = Syntax(shown, language, theme="ansi_dark", background_color="default", word_wrap=True)
        self._terminal.out.print(Padding(syntax, (0, 2)), soft_wrap=False)

    def _prose(self, step: AnyStep) -> None:
        if not self._terminal.watched or not step.prose.strip():
            return
        if self._terminal.plain:
            self._terminal.say(f"{step.prose.strip()}\n")
            return
        from rich.markdown import Markdown  # noqa: PLC0415 - slow to import, and only people need it

        prose = Markdown(visible(step.prose), hyperlinks=False)
        self._terminal.out.print(Padding(prose, (0, 2, 1, 2)), soft_wrap=False)

    def _work(self, step: AnyStep) -> None:
        if isinstance(step, Manual):
            hanging(self._terminal, Text("  ☐ ", "yellow"), Text(visible(step.text)))
        elif self._terminal.watched and isinstance(step, Block):
            self.code(step.script.text, step.script.language)
        elif self._terminal.watched and isinstance(step, ActionStep):
            self._terminal.say(f"  {step.action}", "strong")
            self.code(step.arguments.passage.text, "yaml")
