"""Looking at all preconditions side by side, so that the operator sees one table of everything that is amiss."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipe_runner import sanitise
from recipe_runner.engine.preconditions.probe import PROBES, Probes
from recipe_runner.engine.preconditions.world import Finding, World
from recipe_runner.errors import RecipeError

if TYPE_CHECKING:
    from recipe_runner.engine.preconditions.base import Precondition

SIDE_BY_SIDE = 64
LONGEST = 500
"""Characters of a detail or hint that are kept."""


def evaluate_all(preconditions: Sequence[Precondition], world: World) -> list[Finding]:
    """Return one finding per precondition, in their order; what cannot be looked at is unmet, never an exception.

    At most `SIDE_BY_SIDE` are looked at at once, each no longer than its own `limit`. Texts are safe to show. Programs
    still running at the end, or when the operator interrupts, are killed.
    """
    probes = Probes()
    try:
        return [
            finding
            for first in range(0, len(preconditions), SIDE_BY_SIDE)
            for finding in _together(preconditions[first : first + SIDE_BY_SIDE], world, probes)
        ]
    finally:
        probes.stop()


def _together(preconditions: Sequence[Precondition], world: World, probes: Probes) -> list[Finding]:
    findings: dict[int, Finding] = {}

    def look(place: int) -> None:
        PROBES.set(probes)
        findings[place] = _look(preconditions[place], world)

    threads = [threading.Thread(target=look, args=(place,), daemon=True) for place in range(len(preconditions))]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread, precondition in zip(threads, preconditions, strict=True):
        thread.join(max(0.0, began + precondition.limit() - time.monotonic()))
    return [
        findings.get(place, Finding(met=False, detail=f"no answer after {precondition.limit():g} s"))
        for place, precondition in enumerate(preconditions)
    ]


def _look(precondition: Precondition, world: World) -> Finding:
    try:
        found = precondition.evaluate(world)
    except RecipeError as error:
        first = error.diagnostics[0]
        found = Finding(met=False, detail=first.message, hint=first.hint)
    except Exception as error:  # noqa: BLE001 (a kind from elsewhere may be faulty; the table is shown all the same)
        found = Finding(met=False, detail=f"could not be looked at: {type(error).__name__}: {error}")
    return Finding(found.met, _safe(found.detail), found.hint and _safe(found.hint))


def _safe(text: str) -> str:
    shown = sanitise.line(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
