from __future__ import annotations

from recipe_runner.engine.estimates import estimates
from recipe_runner.engine.events import Event, Outcome, Role, StepEnd, StepStart
from recipe_runner.language.parse import parse

RECIPE = parse(
    "r.md",
    b"---\nrecipe: 1\nparams: {parts: {type: list, default: [x, y]}}\n---\n"
    b"```bash {#a}\ntrue\n```\n```bash {#b each=parts parallel=2}\ntrue\n```\n",
)
DIGEST = {step.id: step.digest for step in RECIPE.steps}


def ran(
    step: str, took: int, *, role: Role = "run", outcome: Outcome = "ok", item: str | None = None, digest: str = ""
) -> list[Event]:
    begin = StepStart(step=step, role=role, item=item, digest=digest or DIGEST.get(step, ""))
    return [begin, StepEnd(step=step, role=role, item=item, outcome=outcome, duration_ms=took)]


def test_nothing_is_known_without_a_past() -> None:
    """No runs, no estimate."""
    assert estimates(RECIPE, []) == {}


def test_the_median_of_several_runs_counts() -> None:
    """One slow day does not spoil it."""
    assert estimates(RECIPE, [ran("a", 10), ran("a", 9000), ran("a", 30)]) == {"a": 30}


def test_checks_and_verifications_belong_to_the_step() -> None:
    """An undo does not, and neither does an attempt that failed."""
    past = [
        *ran("a", 500, outcome="failed"),
        *ran("a", 5, role="check"),
        *ran("a", 100),
        *ran("a", 20, role="verify"),
        *ran("a", 7000, role="undo"),
    ]
    assert estimates(RECIPE, [past]) == {"a": 125}


def test_a_step_that_reads_otherwise_now_is_unknown() -> None:
    """Only the very same text says anything about how long it takes."""
    assert estimates(RECIPE, [ran("a", 10, digest="other"), ran("gone", 10)]) == {}


def test_values_side_by_side_share_their_time() -> None:
    """With `parallel=2` two values of 100 ms take 100 ms."""
    assert estimates(RECIPE, [[*ran("b", 100, item="x"), *ran("b", 100, item="y")]]) == {"b": 100}
