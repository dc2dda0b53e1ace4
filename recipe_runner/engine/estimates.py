"""How long steps take, by what earlier runs of the very same steps took. Pure: events in, milliseconds out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median

from recipe_runner.engine.events import Event, StepEnd, StepStart
from recipe_runner.language.model import Recipe

COUNTED = frozenset({"check", "run", "verify"})
"""Roles whose time belongs to a step that goes well."""


def estimates(recipe: Recipe, pasts: Iterable[Iterable[Event]]) -> Mapping[str, int]:
    """Return by step id the median of what a step with the same text took in each past in which it succeeded.

    Milliseconds of machine time, the values of `each=` side by side as `parallel=` has them; nobody's thinking.
    """
    digests = {step.id: step.digest for step in recipe.steps}
    lanes = {step.id: step.attributes.parallel for step in recipe.steps}
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for past in pasts:
        for step_id, durations in _durations(past, digests).items():
            side_by_side = max(1, min(lanes[step_id], len(durations)))
            seen[step_id].append(sum(durations.values()) // side_by_side)
    return {step_id: round(median(times)) for step_id, times in seen.items()}


def _durations(past: Iterable[Event], digests: Mapping[str, str]) -> dict[str, dict[str | None, int]]:
    """Return by step and item the time of the last attempt that succeeded, with the checks and verifications around."""
    found: defaultdict[str, dict[str | None, int]] = defaultdict(dict)
    before: defaultdict[tuple[str, str | None], int] = defaultdict(int)
    same: set[str] = set()
    for event in past:
        match event:
            case StepStart():
                changed = event.digest != digests.get(event.step)
                same = same - {event.step} if changed else same | {event.step}
            case StepEnd(outcome="ok") if event.step in same and event.role in COUNTED:
                key = (event.step, event.item)
                if event.role == "check":
                    before[key] = event.duration_ms
                elif event.role == "run":
                    found[event.step][event.item] = before.pop(key, 0) + event.duration_ms
                elif event.item in found.get(event.step, {}):
                    found[event.step][event.item] += event.duration_ms
            case _:
                pass
    return found
