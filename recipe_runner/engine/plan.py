"""A recipe with its values, ready to run: what will happen, in which order, and what it needs. Touches nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Reversible, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from recipe_runner.engine.action import Action
from recipe_runner.engine.remote.host import awaits_host, host_of
from recipe_runner.engine.values import Text, Values
from recipe_runner.errors import Diagnostic, InvalidRecipeError, RecipeError, gather
from recipe_runner.language.model import ActionStep, Block, Manual, Recipe
from recipe_runner.language.template import expand

if TYPE_CHECKING:
    from pydantic import BaseModel

    from recipe_runner.engine.preconditions.base import Precondition

AnyStep = Block | ActionStep | Manual
Outputs = Mapping[str, Mapping[str, str | list[str]]]
"""Step id → output → text or list, as the journal keeps them."""


class PlannedStep(Struct, frozen=True):
    """One step of this run; `items` is `(None,)` for a step without `each=`, and for one that does not apply."""

    number: int
    step: AnyStep
    applicable: bool
    reason: str
    items: tuple[str | None, ...]


class Plan(Struct, frozen=True):
    """Everything that is known before anything runs."""

    recipe: Recipe
    values: Values
    steps: tuple[PlannedStep, ...]
    preconditions: tuple[Precondition, ...]
    actions: Mapping[str, Action]

    def roles(self) -> dict[str, str]:
        """Return who may run a step, for each step that says so."""
        return {planned.step.id: role for planned in self.steps if (role := planned.step.attributes.role) is not None}

    def undoable(self, order: Reversible[tuple[str, str | None]]) -> list[tuple[AnyStep, str | None]]:
        """Return, newest first, the steps of `order` (what was done, oldest first) that can be undone, with items."""
        steps = {planned.step.id: planned.step for planned in self.steps if planned.step.undos}
        return [(steps[step_id], item) for step_id, item in reversed(order) if step_id in steps]


def plan(
    recipe: Recipe,
    values: Values,
    *,
    actions: Mapping[str, Action],
    preconditions: Mapping[str, type[Precondition]],
) -> Plan:
    """Bring a recipe and its values together.

    Raises InvalidRecipeError with every fault that the values bring to light: an argument or a precondition that its
    model refuses once expanded, a text that names no host.
    """
    faults: list[Diagnostic] = []
    required: list[Precondition] = []
    for requirement in recipe.requires:
        try:
            kind = preconditions[requirement.kind]
            required.append(requirement.arguments.expand(lookup(values), verbatim=kind.verbatim).validate(kind))
        except RecipeError as error:
            faults += error.diagnostics
    planned: list[PlannedStep] = []
    for number, step in enumerate(recipe.steps, 1):
        planned.append(_planned(number, step, values))
        applicable = planned[-1].applicable
        if isinstance(step, ActionStep) and applicable and not awaits_outputs(step):
            try:
                action_arguments(step, actions[step.action].Arguments, values, {})
            except RecipeError as error:
                faults += error.diagnostics
        if step.attributes.on is not None and applicable and not awaits_host(step):
            faults += _unfit_hosts(planned[-1], values)
    if faults:
        clean = values.redactor().text
        told = (dataclasses.replace(f, message=clean(f.message), hint=f.hint and clean(f.hint)) for f in gather(faults))
        raise InvalidRecipeError(*told)
    return Plan(recipe, values, tuple(planned), tuple(required), actions)


def lookup(values: Values, outputs: Outputs | None = None) -> _Lookup:
    """Return the function that `${…}` asks: parameters by name, outputs by `step-id.name`."""
    return _Lookup(values, outputs or {})


class _Lookup(Struct, frozen=True):
    values: Values
    outputs: Outputs

    def __call__(self, name: str) -> Text:
        """Return the text of a parameter or output; raises KeyError."""
        step_id, dot, output = name.partition(".")
        if not dot:
            return self.values.texts.get(name, "")
        text = self.outputs.get(step_id, {}).get(output)
        if text is None:
            raise KeyError(name)
        return tuple(text) if isinstance(text, list) else text


def awaits_outputs(step: ActionStep) -> bool:
    """Say whether the step's arguments can be known only when earlier steps have run."""
    bound = step.attributes.each
    return any("." in name or (bound is not None and name == "each") for name, _ in step.arguments.references())


def action_arguments(step: ActionStep, model: type[BaseModel], values: Values, outputs: Outputs) -> BaseModel:
    """Expand and validate a typed step's arguments; raises InvalidRecipeError with a place for each fault."""
    try:
        expanded = step.arguments.expand(lookup(values, outputs))
    except KeyError as error:
        raise _not_given(step, error) from error
    return expanded.validate(model)


def shown(text: str | None, values: Values, outputs: Outputs) -> str | None:
    """Expand a text that a step shows, or None; an output that no step has given stays as it is written."""
    find = lookup(values, outputs)

    def known(name: str) -> Text:
        try:
            return find(name)
        except KeyError:
            return f"${{{name}}}"

    return _line(text, known)


def directory_of(step: AnyStep, values: Values, outputs: Outputs) -> str | None:
    """Return the step's `dir=`, or None; raises InvalidRecipeError for an output that no step has given."""
    try:
        return _line(step.attributes.dir, lookup(values, outputs))
    except KeyError as error:
        raise _not_given(step, error) from error


def _line(text: str | None, find: Callable[[str], Text]) -> str | None:
    if text is None:
        return None
    return expand(text, lambda name: ", ".join(t) if isinstance(t := find(name), tuple) else t)


def _not_given(step: AnyStep, error: KeyError) -> InvalidRecipeError:
    missing = str(error.args[0])
    return InvalidRecipeError(
        Diagnostic(f"step `{step.id}` needs `{missing}`, which no earlier step has given", step.span)
    )


def _planned(number: int, step: AnyStep, values: Values) -> PlannedStep:
    condition, each = step.attributes.when, step.attributes.each
    if condition is not None and not condition.holds(values.texts):
        return PlannedStep(number, step, applicable=False, reason=f"when {condition}", items=(None,))
    if not (items := _items(step, values)):
        return PlannedStep(number, step, applicable=False, reason=f"`{each}` is empty", items=(None,))
    return PlannedStep(number, step, applicable=True, reason="", items=items)


def _items(step: AnyStep, values: Values) -> tuple[str | None, ...]:
    each = step.attributes.each
    if each is None:
        return (None,)
    texts: Text | Sequence[str] = values.texts.get(each, ())
    return (texts,) if isinstance(texts, str) else tuple(dict.fromkeys(texts))


def _unfit_hosts(planned: PlannedStep, values: Values) -> Iterator[Diagnostic]:
    for item in planned.items:
        try:
            host_of(planned.step, lookup(values if item is None else values.bound("each", item)))
        except InvalidRecipeError as error:
            yield from error.diagnostics
