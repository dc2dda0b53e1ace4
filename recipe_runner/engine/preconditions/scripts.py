"""A condition that the recipe's author writes in bash."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from recipe_runner.engine.preconditions.base import Finding, Precondition, World
from recipe_runner.engine.preconditions.probe import ask
from recipe_runner.engine.shell import Surroundings, prepared
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.errors import Span
from recipe_runner.language import model
from recipe_runner.language.duration_field import Duration


class Script(Precondition):
    """A bash script ends with 0, run as a block of the recipe would be: the parameters are its variables.

    The last line it writes to standard error, or else to standard output, is shown as the reason.
    """

    kind: ClassVar[str] = "script"
    summary: ClassVar[str] = "a bash script ends with exit code 0"
    verbatim: ClassVar[frozenset[str]] = frozenset({"script"})

    script: str = Field(min_length=1, description="bash code; run under `set -euo pipefail`, without a terminal")
    timeout: Duration = Field(timedelta(seconds=30), gt=timedelta(0), description="how long the script may take")

    @override
    def text(self) -> str:
        lines = self.script.strip().splitlines() or [""]
        return f"script `{lines[0]}{' …' if len(lines) > 1 else ''}`"

    @override
    def limit(self) -> float:
        return self.timeout.total_seconds() + 5

    @override
    def evaluate(self, world: World) -> Finding:
        code = model.Script(language="bash", text=self.script, span=Span("script", 1), first_line=1)
        around = Surroundings("script", world.environ, world.texts)
        with prepared(code, ShellState(), around, None) as ready:
            answer = ask(
                ready.command.argv,
                world,
                environ=ready.command.environ,
                descriptors=ready.command.descriptors,
                limit=self.timeout.total_seconds(),
            )
        said = answer.last_line()
        if answer.code == 0:
            return Finding(met=True, detail=said or "exit code 0")
        end = f"killed by signal {-answer.code}" if answer.code < 0 else f"exit code {answer.code}"
        return Finding(met=False, detail=f"{end}: {said}" if said else end)
