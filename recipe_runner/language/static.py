"""Faults that show in a parsed recipe without running anything, not even another program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from recipe_runner.errors import Diagnostic, Span, gather
from recipe_runner.language.codes import Code
from recipe_runner.language.condition_checks import check_condition
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.model import ActionStep, Block, Manual, Recipe
from recipe_runner.language.python_code import check_python
from recipe_runner.language.shell_scan import assigned, mentioned, opaque, uses
from recipe_runner.language.suggestions import did_you_mean, suggest
from recipe_runner.language.template import malformed, references
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from pydantic import BaseModel

Step = Block | ActionStep | Manual
Models = Mapping[str, "type[BaseModel]"]
TEXTS = ("confirm", "on", "dir")
"""Attributes in which `${name}` is expanded."""
WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
EACH = "each"
ROOM = 224 * 1024
"""Bytes that all steps together may take in the first record of a run, which has to hold more than them."""


def check(recipe: Recipe, *, actions: Models, preconditions: Models) -> tuple[Diagnostic, ...]:
    """Return every fault in the order of the text; `actions` and `preconditions` map names to argument models."""
    scope = _Scope(recipe)
    return gather(
        (
            *_room(recipe),
            *_requirements(recipe, preconditions, scope),
            *_steps(recipe, actions, scope),
            *_scripts(recipe, scope),
            *_unused(recipe, scope),
        )
    )


def _room(recipe: Recipe) -> Iterator[Diagnostic]:
    """Yield a fault at the first step for which a run's first record has no room."""
    taken = 0
    for step in recipe.steps:
        role = step.attributes.role or ""
        named = 1 + bool(role) + bool(step.attributes.approve)
        taken += len('{"id":"","sha256":""},') + len(step.digest) + len(role) + named * len(f'"{step.id}":"",')
        if taken > ROOM:
            yield Diagnostic(
                f"the recipe has {len(recipe.steps)} steps, too many for the journal of one run",
                step.span,
                "divide it into recipes that are run one after the other",
                code=Code.TOO_LONG,
            )
            return


@dataclass(slots=True)
class _Scope:
    """The names that may be used, and those that were."""

    recipe: Recipe
    used: set[str] = field(default_factory=set)
    params: dict[str, str] = field(init=False)
    order: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.params = {p.name: p.type for p in self.recipe.params}
        self.order = {step.id: number for number, step in enumerate(self.recipe.steps)}

    def reference(self, name: str, span: Span, position: int, *, each: bool) -> Iterator[Diagnostic]:
        """Judge one `${name}` in a step (its `position` in the recipe; -1 in the header)."""
        step_id, dot, _ = name.partition(".")
        if dot:
            yield from self.output(step_id, span, position)
        elif name in self.params:
            self.used.add(name)
        elif name == EACH and position >= 0:
            if not each:
                yield Diagnostic(
                    "`${each}` has a value only in a step with `each=`",
                    span,
                    "add `each=` and the name of a list parameter",
                    Code.UNDECLARED,
                )
        else:
            yield self.undeclared(name, span)

    def output(self, step_id: str, span: Span, position: int) -> Iterator[Diagnostic]:
        number = self.order.get(step_id)
        if number is None:
            yield Diagnostic(
                f"there is no step `{line(step_id)}`",
                span,
                suggest(step_id, self.order, what="step"),
                Code.OUTPUT_UNKNOWN,
            )
        elif number >= position:
            yield Diagnostic(
                f"the step `{line(step_id)}` has no outputs yet here",
                span,
                "use it in a later step",
                Code.OUTPUT_UNKNOWN,
            )

    def undeclared(self, name: str, span: Span) -> Diagnostic:
        near = did_you_mean(name, self.params)
        hint = f"did you mean `{near}`?" if near else f"declare it in the header: `{name}: {{type: str}}`"
        return Diagnostic(f"the parameter `{line(name)}` is not declared", span, hint, Code.UNDECLARED)


def _requirements(recipe: Recipe, preconditions: Models, scope: _Scope) -> Iterator[Diagnostic]:
    for requirement in recipe.requires:
        model = preconditions.get(requirement.kind)
        if model is None:
            yield Diagnostic(
                f"unknown precondition `{line(requirement.kind)}`",
                requirement.span,
                suggest(requirement.kind, preconditions, what="precondition"),
                Code.UNKNOWN_PRECONDITION,
            )
        else:
            yield from requirement.arguments.faults(model)
        verbatim: frozenset[str] = getattr(model, "verbatim", frozenset())
        for key in verbatim:
            scope.used.update(WORDS.findall(str(requirement.arguments.data.get(key, ""))))
        yield from _fragment(requirement.arguments, scope, -1, each=False, verbatim=verbatim)


def _steps(recipe: Recipe, actions: Models, scope: _Scope) -> Iterator[Diagnostic]:
    for position, step in enumerate(recipe.steps):
        attributes = step.attributes
        each = attributes.each is not None
        if isinstance(step, ActionStep):
            yield from _action(step, actions)
            yield from _fragment(step.arguments, scope, position, each=each)
        for name in TEXTS:
            if text := getattr(attributes, name):
                yield from _text(text, attributes.places.get(name, step.span), scope, position, each=each)
        if condition := attributes.when:
            scope.used.update(condition.names())
            yield from check_condition(condition, attributes.places.get("when", step.span), recipe, scope.undeclared)
        if attributes.each is not None:
            yield from _each(attributes.each, attributes.places.get("each", step.span), scope)


def _action(step: ActionStep, actions: Models) -> Iterator[Diagnostic]:
    model = actions.get(step.action)
    if model is None:
        yield Diagnostic(
            f"unknown action `{line(step.action)}`",
            step.attributes.places.get("action", step.span),
            suggest(step.action, actions, what="action"),
            Code.UNKNOWN_ACTION,
        )
        return
    for fault in step.arguments.faults(model):
        yield replace(fault, span=step.span) if not step.arguments.data else fault


def _fragment(
    fragment: Fragment, scope: _Scope, position: int, *, each: bool, verbatim: frozenset[str] = frozenset()
) -> Iterator[Diagnostic]:
    names, sound = fragment.names(verbatim=verbatim)
    if names <= scope.params.keys():
        scope.used.update(names)
    else:
        for name, span in fragment.references(verbatim=verbatim):
            yield from scope.reference(name, span, position, each=each)
    if not sound:
        for text, span in fragment.malformed(verbatim=verbatim):
            yield _malformed(text, span)


def _text(text: str, place: Span, scope: _Scope, position: int, *, each: bool) -> Iterator[Diagnostic]:
    """Judge an attribute's value, which may hold references, and is shown to the operator."""
    for use in references(text):
        span = replace(place, column=place.column + use.start, length=use.end - use.start)
        yield from scope.reference(use.name, span, position, each=each)
        if scope.params.get(use.name) == "secret":
            yield Diagnostic(
                f"the secret `{use.name}` would be shown here", span, "leave it out of the text", Code.SECRET_SHOWN
            )
    for use in malformed(text):
        span = replace(place, column=place.column + use.start, length=use.end - use.start)
        yield _malformed(use.name, span)


def _malformed(text: str, span: Span) -> Diagnostic:
    return Diagnostic(
        f"found `{line(text)}`, wanted a reference such as `${{name}}` or `${{step-id.output}}`",
        span,
        "correct the name, or write `$${` for a literal `${`",
        Code.REFERENCE_FORM,
    )


def _each(name: str, span: Span, scope: _Scope) -> Iterator[Diagnostic]:
    kind = scope.params.get(name)
    if kind is None:
        yield scope.undeclared(name, span)
    elif kind != "list":
        yield Diagnostic(
            f"`{name}` is a `{kind}`, wanted a list", span, f"declare `{name}: {{type: list}}`", Code.EACH_TYPE
        )
    scope.used.add(name)


def _scripts(recipe: Recipe, scope: _Scope) -> Iterator[Diagnostic]:
    scripts = list(recipe.scripts())
    shell = [script for script in scripts if script.language == "bash"]
    known = {"each", *scope.params}.union(*(assigned(script.text) for script in shell))
    outputs = tuple(f"{step_id.replace('-', '_')}_" for step_id in scope.order)
    uncertain = any(opaque(script.text) for script in shell)
    for script in scripts:
        scope.used.update(WORDS.findall(script.text))
        if script.language == "python":
            yield from check_python(script)
    for script in shell:
        if mentioned(script.text) <= known:
            continue
        passage = script.passage()
        for use in uses(script.text):
            if not use.name:
                yield Diagnostic(
                    "found a prompt `$ ` in the code",
                    passage.span(use.row, use.column, use.length),
                    "remove it, and the output of the command",
                    Code.PROMPT,
                )
            elif not (uncertain or use.name in known or not use.name[0].islower() or use.name.startswith(outputs)):
                yield scope.undeclared(use.name, passage.span(use.row, use.column, use.length))


def _unused(recipe: Recipe, scope: _Scope) -> Iterable[Diagnostic]:
    return (
        Diagnostic(
            f"the parameter `{line(parameter.name)}` is never used",
            parameter.span,
            "use it, or remove it",
            Code.UNUSED,
        )
        for parameter in recipe.params
        if parameter.name not in scope.used
    )
