from __future__ import annotations

import json

from recipe_runner.engine.plan import plan
from recipe_runner.engine.session import Place, genesis
from recipe_runner.engine.values import Values
from recipe_runner.journal.records.lines import LINE_CAP
from recipe_runner.language.checks.static import check
from recipe_runner.language.codes import Code
from recipe_runner.language.model import Recipe
from recipe_runner.language.parse import parse


def recipe(steps: int) -> Recipe:
    """Return a recipe of many steps, each with an id of 39 characters and a role."""
    block = "```bash {{#{0:039} role=release-manager}}\ntrue\n```\n"
    return parse("long.md", "".join(block.format(number) for number in range(steps)).encode())


def test_a_recipe_for_which_the_journal_has_no_room_is_a_fault() -> None:
    """The fault stands at the first step that does not fit, and what is no fault fits the first record of a run."""
    long = recipe(2000)
    (fault,) = check(long, actions={}, preconditions={})
    assert fault.code is Code.TOO_LONG
    most = next(number for number, step in enumerate(long.steps) if step.span == fault.span)
    fitting = recipe(most)
    assert check(fitting, actions={}, preconditions={}) == ()
    planned = plan(fitting, Values(), actions={}, preconditions={})
    place = Place("o" * 32, "h" * 64, "b" * 36, "/" * 255)
    first = genesis(planned, run="0" * 32, mode="ask", place=place, suppliers={}, commit="c" * 40)
    size = len(json.dumps([first.steps, first.roles], separators=(",", ":")))
    assert LINE_CAP - 64 * 1024 < size < LINE_CAP - 16 * 1024
