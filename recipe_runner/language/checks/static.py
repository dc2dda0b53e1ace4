"""Faults that show in a parsed recipe without running anything, not even another program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from recipe_runner.errors import Diagnostic, gather
from recipe_runner.language.checks.conditions import check_condition
from recipe_runner.language.checks.python_code import check_python
from recipe_runner.language.checks.scope import Scope
from recipe_runner.language.checks.shell_scan import assigned, mentioned, opaque, uses
from recipe_runner.language.codes import Code
from recipe_runner.language.model import ActionStep, Recipe
from recipe_runner.language.suggestions import suggest
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from pydantic import BaseModel

Models = Mapping[str, "type[BaseModel]"]
TEXTS = ("confirm", "on", "dir")
"""Attributes in which `${name}` is expanded."""
WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ROOM = 224 * 1024
"""Bytes that all steps together may take in the first record of a run, which has to hold more than them."""


def check(recipe: Recipe, *, actions: Models, preconditions: Models) -> tuple[Diagnostic, ...]:
    """Return every fault in the order of the text; `actions` and `preconditions` map names to argument models."""
    scope = Scope(recipe)
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


def _requirements(recipe: Recipe, preconditions: Models, scope: Scope) -> Iterator[Diagnostic]:
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
        yield from scope.fragment(requirement.arguments, -1, each=False, verbatim=verbatim)


def _steps(recipe: Recipe, actions: Models, scope: Scope) -> Iterator[Diagnostic]:
    for position, step in enumerate(recipe.steps):
        attributes = step.attributes
        each = attributes.each is not None
        if isinstance(step, ActionStep):
            yield from _action(step, actions)
            yield from scope.fragment(step.arguments, position, each=each)
        for name in TEXTS:
            if text := getattr(attributes, name):
                yield from scope.text(text, attributes.places.get(name, step.span), position, each=each)
        if condition := attributes.when:
            scope.used.update(condition.names())
            yield from check_condition(condition, attributes.places.get("when", step.span), recipe, scope.undeclared)
        if attributes.each is not None:
            yield from scope.each(attributes.each, attributes.places.get("each", step.span))


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


def _scripts(recipe: Recipe, scope: Scope) -> Iterator[Diagnostic]:
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


def _unused(recipe: Recipe, scope: Scope) -> Iterable[Diagnostic]:
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
