"""A program of the machine, and a Python package of the `python3` that runs the recipe's Python blocks."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from recipe_runner.engine.preconditions.base import Finding, Precondition, World
from recipe_runner.engine.preconditions.probe import ask, locate
from recipe_runner.engine.preconditions.versions import VersionRange, find_version, within

QUESTIONS = ("--version", "-V", "version")
"""How a program is asked for its version, in this order until one answer has a number in it."""


LOOK = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"


class Command(Precondition):
    """A program can be found, in a wanted version."""

    kind: ClassVar[str] = "command"
    summary: ClassVar[str] = "a program is installed, in a wanted version"

    command: str = Field(min_length=1, description="a name looked up in `PATH`, or a path")
    version: VersionRange | None = None

    @override
    def text(self) -> str:
        return f"command `{self.command}`" + (f" {self.version}" if self.version else "")

    @override
    def evaluate(self, world: World) -> Finding:
        path = locate(self.command, world)
        if self.version is None:
            return Finding(met=True, detail=str(path))
        version = self._version(world)
        if version is None:
            return Finding(
                met=False,
                detail=f"`{self.command} --version` names no version",
                hint="ask for the command without `version`, and for its version with a `script`",
            )
        met = within(version, self.version)
        return Finding(
            met=met,
            detail=f"{version} ({path})",
            hint=None if met else f"bring `{self.command}` to {self.version}",
        )

    def _version(self, world: World) -> str | None:
        for question in QUESTIONS:
            answer = ask([self.command, question], world, limit=self.limit() / (len(QUESTIONS) + 1))
            printed = (answer.stdout.strip() or answer.stderr).decode(errors="replace")
            if answer.code == 0 and (version := find_version(printed)):
                return version
        return None


class Python(Precondition):
    """A Python package can be imported by the recipe's Python blocks."""

    kind: ClassVar[str] = "python"
    summary: ClassVar[str] = "a Python package is installed, in a wanted version"

    python: str = Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", description="the distribution's name, as pip knows it"
    )
    version: VersionRange | None = None

    @override
    def text(self) -> str:
        return f"Python package `{self.python}`" + (f" {self.version}" if self.version else "")

    @override
    def evaluate(self, world: World) -> Finding:
        answer = ask(("python3", "-c", LOOK, self.python), world)
        version = answer.stdout.decode(errors="replace").strip()
        if answer.code != 0:
            return Finding(
                met=False,
                detail=f"`{self.python}` is not installed for {locate('python3', world)}",
                hint=f"install it there: `python3 -m pip install {self.python}`",
            )
        met = self.version is None or within(version, self.version)
        return Finding(
            met=met,
            detail=version,
            hint=None if met else f"bring it to {self.version}: `python3 -m pip install '{self.python}{self.version}'`",
        )
