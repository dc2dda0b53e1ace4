"""`recipe schema`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from recipe_runner.cli.tables import ActionModels
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.errors import UsageError
from recipe_runner.language.schema import DIALECT, schema
from recipe_runner.language.suggestions import suggest

PLACE = "#/$defs/"


@click.command(help="Print the JSON Schema of a recipe's header and of every action's arguments, for editors.")
@click.option("--action", metavar="NAME", help="Print the schema of one action's arguments.")
def command(action: str | None) -> None:  # noqa: D103 - its help is above
    models = ActionModels()
    if action is None:
        document = schema(actions=models, preconditions=kinds())
    elif action in models:
        document = _arguments(action, models)
    else:
        raise UsageError.because(f"there is no action `{action}`", hint=suggest(action, models, what="action"))
    Terminal().raw(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _arguments(action: str, models: ActionModels) -> dict[str, Any]:
    """Return the schema of one action's arguments as a document of its own, with the definitions it refers to."""
    definitions = schema(actions={action: models[action]}, preconditions={})["$defs"]
    main = {"$ref": f"{PLACE}action:{action}"}
    wanted: dict[str, Any] = {}
    waiting = list(_references(main))
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted[name] = definitions[name]
            waiting += _references(definitions[name])
    return {"$schema": DIALECT, "title": action, **main, "$defs": wanted}


def _references(part: object) -> Iterator[str]:
    """Yield the names of the definitions that a part of a schema refers to."""
    match part:
        case dict():
            for key, value in part.items():
                if key == "$ref" and isinstance(value, str):
                    yield value.removeprefix(PLACE)
                else:
                    yield from _references(value)
        case list():
            for item in part:
                yield from _references(item)
        case _:
            return
