"""Who signs a run, and how it is sealed, by what the options say."""

from __future__ import annotations

from collections.abc import Collection

from recipe_runner.engine.plan import Plan
from recipe_runner.errors import UsageError
from recipe_runner.journal.records.sealing import Sealing
from recipe_runner.journal.signers.find import find_signer
from recipe_runner.journal.signers.signer import Aside, Signer


def signer(*, key: str | None, no_sign: bool, aside: Aside | None = None) -> Signer | None:
    """Find the key that signs; raises UsageError, or UnmetError where it cannot sign."""
    if key and no_sign:
        raise UsageError.because("--key and --no-sign exclude each other", hint="give one of them")
    return None if no_sign else find_signer(key, aside=aside)


def sealing(text: str | None, plan: Plan, *, no_sign: bool, gated: Collection[str] = ()) -> Sealing:
    """Return how a run of the plan is sealed, `gated` steps at once; raises UsageError."""
    if text is not None and no_sign:
        raise UsageError.because("--seal and --no-sign exclude each other", hint="give one of them")
    attributes = {planned.step.id: planned.step.attributes for planned in plan.steps}
    gates = (step for step, its in attributes.items() if its.irreversible or its.approve or step in gated)
    return Sealing.read(text or "every", gates)
