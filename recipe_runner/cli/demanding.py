"""What a policy that is named on the command line demands of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recipe_runner.cli.options import F, grouped
from recipe_runner.cli.verbs import PATH
from recipe_runner.engine.approval import Demand
from recipe_runner.engine.events import Genesis
from recipe_runner.errors import Diagnostic, UnmetError
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.journal.store.journal import Journal
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from recipe_runner.journal.desk import Desk
    from recipe_runner.journal.policy import Policy
    from recipe_runner.journal.witness.base import TrustedWitness


@dataclass(frozen=True, slots=True)
class Demanding:
    """What a policy demands of a run, if there is one: who may run it and approve its steps, and which witnesses."""

    policy: Policy | None

    @staticmethod
    def options(function: F) -> F:
        """Add the option that names a policy; the function gets it as `demanding`."""
        return grouped(
            function,
            "demanding",
            Demanding,
            click.option(
                "--policy",
                type=PATH,
                callback=_policy,
                metavar="FILE",
                help="Who may run this, and who may approve its steps.",
            ),
        )

    def demands(self) -> Mapping[str, Demand]:
        """Return what the policy wants approved besides what the recipe asks for."""
        return self.policy.approvals if self.policy else {}

    def witnesses(self) -> Sequence[TrustedWitness]:
        """Return the witnesses that the policy knows."""
        return self.policy.witnesses if self.policy else ()

    def check(self, signer: Signer | None, first: Genesis, acting: Collection[str]) -> None:
        """Raise UnmetError with every reason why the policy would not vouch for this signer running this."""
        if self.policy is None:
            return
        faults = list(self.policy.objections(first))
        if signer is None or signer.primary not in self.policy.primaries:
            faults.append(f"the policy does not allow {f'key `{signer.primary}`' if signer else 'an unsigned run'}")
        elif not self.policy.has(signer.primary, acting):
            named = ", ".join(f"`{line(role)}`" for role in acting)
            faults.append(f"the policy does not give {named} to `{signer.primary}`")
        if faults:
            raise UnmetError(*(Diagnostic(fault) for fault in faults))

    def desk(
        self, gated: Collection[str], journal: Journal, lifetime: timedelta, given: Sequence[Path] = ()
    ) -> Desk | None:
        """Return where approvals of the `gated` steps come from.

        None where there are no such steps and none is given, and in an unsigned run, which cannot have any.
        """
        signer = journal.signer
        if signer is None or not (gated or given):
            return None
        from recipe_runner.journal.desk import Desk  # noqa: PLC0415 - most runs start without

        return Desk(journal, signer, self.policy, lifetime, given)


def _policy(_: click.Context, __: click.Parameter, path: Path | None) -> Policy | None:
    if path is None:
        return None
    from recipe_runner.journal.policy import Policy  # noqa: PLC0415 - most runs start without

    return Policy.load(path)
