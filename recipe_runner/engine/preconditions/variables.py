"""A variable of the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from recipe_runner.engine.preconditions.base import Finding, Precondition, World


class Env(Precondition):
    """A variable is set to something; its value is never shown, since it may be a secret."""

    kind: ClassVar[str] = "env"
    summary: ClassVar[str] = "a variable of the environment is set and not empty"

    env: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="the variable's name")

    @override
    def text(self) -> str:
        return f"environment variable `{self.env}`"

    @override
    def evaluate(self, world: World) -> Finding:
        value = world.environ.get(self.env)
        if value:
            return Finding(met=True, detail="is set")
        return Finding(
            met=False,
            detail="is not set" if value is None else "is empty",
            hint=f"set it before the run: `export {self.env}=…`",
        )
