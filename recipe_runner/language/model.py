"""What a recipe is: frozen values that the parser makes and every later stage reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Literal

from recipe_runner.errors import Span
from recipe_runner.language.conditions import Condition
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.source import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of the recipe, as its bytes were."""

    path: str
    sha256: str
    size: int = field(metadata={"help": "bytes"})
    data: bytes = field(repr=False, metadata={"help": "what was read, once and for all later stages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One entry of `requires`: the precondition's kind and its YAML, validated by that kind's model in `check`."""

    kind: str
    arguments: Fragment
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Code of a fence: what runs, in which language, and where it stands."""

    language: Literal["bash", "python"]
    text: str
    span: Span = field(metadata={"help": "the fence's opening line"})
    first_line: int = field(metadata={"help": "line of the file on which `text` begins, from 1"})
    timeout: timedelta | None = None
    lines: tuple[str, ...] = field(default=(), repr=False, metadata={"help": "the file's lines that hold `text`"})

    def passage(self) -> Passage:
        """Return `text` as rows that know their places in the file."""
        rows = tuple(self.text.split("\n")[:-1])
        return Passage(self.span.path, rows, self.first_line, self.lines or rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
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
    places: Mapping[str, Span] = field(
        default_factory=dict, repr=False, metadata={"help": "where the value of each field was written"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBase:
    """What all kinds of step share."""

    id: str
    title: str = field(metadata={"help": "the nearest heading, or a manual item's own text; plain text"})
    headings: tuple[str, ...] = field(metadata={"help": "plain texts of the headings above, outermost first"})
    prose: str = field(metadata={"help": "Markdown between the previous step (or the heading) and this step"})
    attributes: Attributes
    source: str = field(metadata={"help": "the step's own Markdown: the fence or list item with its info string"})
    digest: str = field(metadata={"help": "sha256 (hex) of the step's source and of its role scripts' sources"})
    span: Span
    checks: tuple[Script, ...] = ()
    verifies: tuple[Script, ...] = ()
    undos: tuple[Script, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(StepBase):
    """A fence whose code runs."""

    kind: ClassVar[Literal["block"]] = "block"
    script: Script


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStep(StepBase):
    """A YAML fence with `action=`; its arguments are validated by that action's pydantic model."""

    kind: ClassVar[Literal["action"]] = "action"
    action: str
    arguments: Fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual(StepBase):
    """A task-list item: a person does it and says so."""

    kind: ClassVar[Literal["manual"]] = "manual"
    text: str = field(metadata={"help": "the item's inline Markdown, without box and id"})
    depth: int = field(default=0, metadata={"help": "0 for a top-level item, 1 for its sub-items, …"})


Step = Block | ActionStep | Manual


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A parsed recipe with its includes already in place."""

    title: str
    format: int = 1
    params: tuple[Parameter, ...]
    requires: tuple[Requirement, ...]
    steps: tuple[Step, ...]
    sources: tuple[Source, ...] = field(metadata={"help": "the recipe file first, then its includes as they appear"})

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
