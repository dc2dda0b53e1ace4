from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from recipe_runner.actions.http import HttpCheck
from recipe_runner.engine.forecast import Forecast, forecast
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.engine.values import resolve
from recipe_runner.errors import InvalidRecipeError
from recipe_runner.language.parse import parse

HEADER = """---
recipe: 1
params:
  name: {type: str, required: false}
  parts: {type: list, required: false}
  token: {type: secret, required: false, env: TOKEN}
requires:
  - script: test -n "$name" ${name}
  - env: ${name}
---
"""


def seen(body: str, *missing: str, given: Mapping[str, str] | None = None, **environ: str) -> Forecast:
    recipe = parse("r.md", (HEADER + body).encode())
    actions: dict[str, Any] = {"http.check": HttpCheck()}
    values = resolve(recipe.params, given=given or {}, file={}, environ=environ)
    return forecast(recipe, values, missing=missing, actions=actions, preconditions=kinds())


def test_code_in_a_requirement_is_not_a_reference() -> None:
    """`${name}` in a script is the shell's own, so the requirement waits for nothing; in a text it is ours."""
    script, env = seen("", "name").requirements
    assert script.depends == ()
    assert "${name}" in script.text
    assert env.depends == ("name",)
    assert env.text == "env: ${name}"


def test_a_condition_on_a_missing_value_is_open() -> None:
    """Neither yes nor no; with the value it is one of them."""
    body = '```bash {#a when="name == x"}\ntrue\n```\n'
    (open_,) = seen(body, "name").steps
    assert (open_.applies, open_.depends) == (None, ("name",))
    assert [seen(body, given={"name": name}).steps[0].applies for name in ("x", "y")] == [True, False]


def test_a_secret_is_never_known() -> None:
    """Its text stands in no part of the forecast, even where the environment has it."""
    body = "```bash {#a when=token}\ntrue\n```\n"
    found = seen(body, given={"name": "HOME"}, TOKEN="a-secret-of-some-length")
    assert found.steps[0].applies is None
    assert "token" not in found.values.texts
    assert "a-secret" not in repr((found.values, found.steps, found.requirements))


def test_the_values_of_each_are_there_when_they_are_known() -> None:
    """Unknown is None, known and empty is an empty tuple."""
    body = "```bash {#a each=parts}\ntrue\n```\n"
    assert seen(body, "name", "parts").steps[0].items is None
    assert seen(body, "name").steps[0].items == ()
    assert seen(body, given={"parts": "x,y", "name": "HOME"}).steps[0].items == ("x", "y")


def test_an_action_says_what_it_would_do_when_it_can() -> None:
    """Not with a missing value, not with outputs of earlier steps, not where it does not apply."""
    text = "```yaml {{#{0} action=http.check {2}}}\nurl: https://example.org/{1}\n```\n"
    bodies = {
        "known": ("", ""),
        "missing": ("${name}", ""),
        "later": ("${known.status}", ""),
        "off": ("", "when=parts"),
    }
    steps = seen("".join(text.format(name, *rest) for name, rest in bodies.items()), "name").steps
    assert {step.step.id: bool(step.preview) for step in steps} == {
        "known": True,
        "missing": False,
        "later": False,
        "off": False,
    }


def test_known_values_that_are_refused_are_all_reported() -> None:
    """A fault for each, at its place in the recipe."""
    text = "```yaml {#%s action=http.check}\nurl: ${name}\n```\n"
    with pytest.raises(InvalidRecipeError) as caught:
        seen(text % "a" + text % "b", given={"name": "no address"})
    assert [fault.span.line for fault in caught.value.diagnostics if fault.span and fault.span.line > 10] == [12, 15]
