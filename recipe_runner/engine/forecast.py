"""What a recipe will do as far as it is known now; values that are still missing stay open. Touches nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from recipe_runner.engine.action import Action
from recipe_runner.engine.plan import AnyStep, action_arguments, awaits_outputs
from recipe_runner.engine.preconditions.base import Precondition
from recipe_runner.engine.values import Values
from recipe_runner.errors import Diagnostic, InvalidRecipeError, RecipeError, gather
from recipe_runner.language.model import ActionStep, Recipe, Requirement
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.template import Lookup, expand


class ForeseenRequirement(Struct, frozen=True):
    """A precondition; one whose values are not all known is worded as the recipe has it, and says what it waits for."""

    kind: str
    text: str
    depends: tuple[str, ...] = ()


class ForeseenStep(Struct, frozen=True):
    """One step: whether it applies (None: that depends on the parameters `depends`) and what it will ask and do.

    `items` are the values of `each=`, None where there is no `each=` or its list is not known. `preview` is what the
    step's action says about itself, a line each, where its arguments are known.
    """

    number: int
    step: AnyStep
    applies: bool | None
    depends: tuple[str, ...] = ()
    question: str | None = None
    items: tuple[str, ...] | None = None
    preview: tuple[str, ...] = ()


class Forecast(Struct, frozen=True):
    """A recipe seen before it runs; `missing` are the parameters that must still be given, `values` the known ones."""

    recipe: Recipe
    values: Values
    missing: tuple[Parameter, ...]
    requirements: tuple[ForeseenRequirement, ...]
    steps: tuple[ForeseenStep, ...]


def forecast(
    recipe: Recipe,
    values: Values,
    *,
    missing: Collection[str],
    actions: Mapping[str, Action],
    preconditions: Mapping[str, type[Precondition]],
) -> Forecast:
    """Bring a recipe and some of its values together; secrets count as unknown, whatever `values` says.

    Raises InvalidRecipeError with every fault that the known values bring to light.
    """
    open_names = frozenset(missing) | values.secrets
    known = Values({n: t for n, t in values.texts.items() if n not in open_names}, values.secrets)
    faults: list[Diagnostic] = []
    requirements = [_requirement(r, known, open_names, preconditions[r.kind], faults) for r in recipe.requires]
    steps = [_step(number, step, known, open_names, actions, faults) for number, step in enumerate(recipe.steps, 1)]
    if faults:
        raise InvalidRecipeError(*gather(faults))
    wanted = tuple(parameter for parameter in recipe.params if parameter.name in missing)
    return Forecast(recipe, known, wanted, tuple(requirements), tuple(steps))


def _requirement(
    requirement: Requirement,
    known: Values,
    open_names: frozenset[str],
    model: type[Precondition],
    faults: list[Diagnostic],
) -> ForeseenRequirement:
    arguments = requirement.arguments
    names = dict.fromkeys(name for name, _ in arguments.references(verbatim=model.verbatim))
    depends = tuple(name for name in names if name in open_names)
    expanded = arguments.expand(_written(known), verbatim=model.verbatim)
    text = ", ".join(f"{key}: {value}" for key, value in expanded.data.items())
    if not depends:
        try:
            text = expanded.validate(model).text()
        except RecipeError as error:
            faults += error.diagnostics
    return ForeseenRequirement(requirement.kind, text, depends)


def _step(
    number: int,
    step: AnyStep,
    known: Values,
    open_names: frozenset[str],
    actions: Mapping[str, Action],
    faults: list[Diagnostic],
) -> ForeseenStep:
    attributes = step.attributes
    condition = attributes.when
    depends = tuple(name for name in condition.names() if name in open_names) if condition else ()
    applies = None if depends else condition is None or condition.holds(known.texts)
    preview: tuple[str, ...] = ()
    if isinstance(step, ActionStep) and applies and not awaits_outputs(step):
        used = {name for name, _ in step.arguments.references()}
        if not used & open_names:
            preview = _preview(step, actions[step.action], known, faults)
    question = None if attributes.confirm is None else expand(attributes.confirm, _written(known))
    return ForeseenStep(number, step, applies, depends, question, _items(attributes.each, known), preview)


def _preview(step: ActionStep, action: Action, known: Values, faults: list[Diagnostic]) -> tuple[str, ...]:
    try:
        return tuple(action.preview(action_arguments(step, action.Arguments, known, {})))
    except RecipeError as error:
        faults += error.diagnostics
        return ()


def _items(each: str | None, known: Values) -> tuple[str, ...] | None:
    if each is None or each not in known.texts:
        return None
    texts = known.texts[each]
    return (texts,) if isinstance(texts, str) else texts


def _written(known: Values) -> Lookup:
    """Return the look-up in which a name that is not known stays as it is written."""
    return lambda name: known.texts.get(name, f"${{{name}}}")
