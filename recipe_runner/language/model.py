"""What a recipe is: frozen values that the parser makes and every later stage reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from msgspec import Struct

from recipe_runner.errors import Span
from recipe_runner.language.conditions import Condition
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.source import Passage


class Source(Struct, frozen=True, kw_only=True):
    """One file of the recipe, as its bytes were."""

    path: str
    sha256: str
    size: int
    """Bytes."""
    data: bytes
    """What was read, once and for all later stages."""


class Requirement(Struct, frozen=True, kw_only=True):
    """One entry of `requires`: the precondition's kind and its YAML, validated by that kind's model in `check`."""

    kind: str
    arguments: Fragment
    span: Span


class Script(Struct, frozen=True, kw_only=True):
    """Code of a fence: what runs, in which language, and where it stands."""

    language: Literal["bash", "python"]
    text: str
    span: Span
    """The fence's opening line."""
    first_line: int
    """Line of the file on which `text` begins, from 1."""
    timeout: timedelta | None = None
    lines: tuple[str, ...] = ()
    """The file's lines that hold `text`."""

    def passage(self) -> Passage:
        """Return `text` as rows that know their places in the file."""
        rows = tuple(self.text.split("\n")[:-1])
        return Passage(self.span.path, rows, self.first_line, self.lines or rows)


class Attributes(Struct, frozen=True, kw_only=True):
    """Everything that may stand between the braces of a step, besides its id and role."""

    confirm: str | None = None
    irreversible: bool = False
    approve: int = 0
    by: str | None = None
    role: str | None = None
    timeout: timedelta | None = None
    retries: int = 0
    retry_delay: timedelta = timedelta(seconds=1)
    wait: timedelta | None = None
    every: timedelta = timedelta(seconds=10)
    when: Condition | None = None
    each: str | None = None
    parallel: int = 1
    on: str | None = None
    dir: str | None = None
    tty: bool = False
    optional: bool = False
    places: Mapping[str, Span] = {}
    """Where the value of each field was written."""


class StepBase(Struct, frozen=True, kw_only=True):
    """What all kinds of step share."""

    id: str
    title: str
    """The nearest heading, or a manual item's own text; plain text."""
    headings: tuple[str, ...]
    """Plain texts of the headings above, outermost first."""
    prose: str
    """Markdown between the previous step (or the heading) and this step."""
    attributes: Attributes
    source: str
    """The step's own Markdown: the fence or list item with its info string."""
    digest: str
    """The sha256 (hex) of the step's source and of its role scripts' sources."""
    span: Span
    checks: tuple[Script, ...] = ()
    verifies: tuple[Script, ...] = ()
    undos: tuple[Script, ...] = ()


class Block(StepBase, frozen=True, kw_only=True):
    """A fence whose code runs."""

    kind: ClassVar[Literal["block"]] = "block"
    script: Script


class ActionStep(StepBase, frozen=True, kw_only=True):
    """A YAML fence with `action=`; its arguments are validated by that action's pydantic model."""

    kind: ClassVar[Literal["action"]] = "action"
    action: str
    arguments: Fragment


class Manual(StepBase, frozen=True, kw_only=True):
    """A task-list item: a person does it and says so."""

    kind: ClassVar[Literal["manual"]] = "manual"
    text: str
    """The item's inline Markdown, without box and id."""
    depth: int = 0
    """0 for a top-level item, 1 for its sub-items, and so on."""


Step = Block | ActionStep | Manual


class Recipe(Struct, frozen=True, kw_only=True):
    """A parsed recipe with its includes already in place."""

    title: str
    format: int = 1
    params: tuple[Parameter, ...]
    requires: tuple[Requirement, ...]
    steps: tuple[Step, ...]
    sources: tuple[Source, ...]
    """The recipe file first, then its includes as they appear."""

    def step(self, step_id: str) -> Step:
        """Return the step with this id; raises KeyError."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def parameter(self, name: str) -> Parameter | None:
        """Return the declared parameter of this name, if there is one."""
        return next((p for p in self.params if p.name == name), None)

    def scripts(self) -> Iterator[Script]:
        """Yield every script of the recipe in the order of the document."""
        for step in self.steps:
            yield from step.checks
            if isinstance(step, Block):
                yield step.script
            yield from (*step.verifies, *step.undos)
