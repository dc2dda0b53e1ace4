"""Who signs a run, and how it is sealed, by what the options say."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import click

from recipe_runner.cli.options import F, grouped
from recipe_runner.engine.plan import Plan
from recipe_runner.errors import UsageError
from recipe_runner.journal.records.sealing import Sealing
from recipe_runner.journal.signers.find import find_signer
from recipe_runner.journal.signers.signer import Aside, Signer


@dataclass(frozen=True, slots=True)
class Signing:
    """How a new run is signed and sealed."""

    key: str | None
    no_sign: bool
    seal: str | None

    @staticmethod
    def options(function: F) -> F:
        """Add the options for it; the function gets them as `signing`."""
        return grouped(
            function,
            "signing",
            Signing,
            click.option("--key", metavar="KEY", help="Sign with this key; default: the only OpenPGP key that can."),
            click.option("--no-sign", is_flag=True, help="Write an unsigned journal; nobody can trust it."),
            click.option("--seal", metavar="HOW", help="`every` record (the default), or at a `checkpoint` only."),
        )

    def signer(self, aside: Aside) -> Signer | None:
        """Find the key that signs; raises UsageError, or UnmetError where it cannot sign."""
        return signer(self.key, aside, no_sign=self.no_sign)

    def sealing(self, plan: Plan, gated: Collection[str]) -> Sealing:
        """Return how a run of the plan is sealed, `gated` steps at once; raises UsageError."""
        if self.seal is not None and self.no_sign:
            raise UsageError.because("--seal and --no-sign exclude each other", hint="give one of them")
        return sealing(self.seal or "every", plan, gated)


def signer(key: str | None, aside: Aside, *, no_sign: bool) -> Signer | None:
    """Find the key that signs; raises UsageError, or UnmetError where it cannot sign."""
    if key and no_sign:
        raise UsageError.because("--key and --no-sign exclude each other", hint="give one of them")
    return None if no_sign else find_signer(key, aside=aside)


def sealing(text: str, plan: Plan, gated: Collection[str] = ()) -> Sealing:
    """Return how a run of the plan is sealed, its gates and the `gated` steps at once; raises UsageError."""
    attributes = {planned.step.id: planned.step.attributes for planned in plan.steps}
    gates = (step for step, its in attributes.items() if its.irreversible or its.approve or step in gated)
    return Sealing.read(text, gates)
