"""What a step is about to do with which values, in words: for people who see it without the run. Secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recipe_runner.engine.attempt import Bench
from recipe_runner.engine.plan import AnyStep, action_arguments, directory_of, lookup, shown
from recipe_runner.engine.remote.host import host_of
from recipe_runner.errors import RecipeError
from recipe_runner.language.model import ActionStep, Block, Manual

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def briefing(step: AnyStep, items: Sequence[str | None], bench: Bench) -> list[str]:
    """Return a line for each thing worth knowing: the question asked, where it runs, values, what an action says."""
    return [bench.redactor.text(text) for text in dict.fromkeys(_lines(step, items, bench))]


def _lines(step: AnyStep, items: Sequence[str | None], bench: Bench) -> Iterator[str]:
    if question := shown(step.attributes.confirm, bench.values(items[0]), bench.history.outputs):
        yield f"asks: {question}"
    if step.attributes.irreversible:
        yield "a point of no return"
    for item in items:
        values = bench.values(item)
        at = f"[{item}] " if item is not None else ""
        try:
            if step.attributes.on is not None:
                yield f"{at}on host {host_of(step, lookup(values, bench.history.outputs))}"
            if directory := directory_of(step, values, bench.history.outputs):
                yield f"{at}in directory {directory}"
            if isinstance(step, ActionStep):
                action = bench.plan.actions[step.action]
                arguments = action_arguments(step, action.Arguments, values, bench.history.outputs)
                yield f"{at}{step.action} with {arguments.model_dump_json(by_alias=True)}"
                yield from (f"{at}{text}" for text in action.preview(arguments))
        except RecipeError as error:
            yield f"{at}not known yet: {error}"
    if isinstance(step, Block):
        found = bench.variables(items[0])
        for name in dict.fromkeys(WORD.findall(step.script.text)):
            if name in found:
                yield f"with {name} = {found[name]}"
    if isinstance(step, Manual):
        yield f"a person does: {step.text}"
