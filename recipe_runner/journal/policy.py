"""What an auditor demands of a run: a TOML file that names who may sign it, and what it must have been a run of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recipe_runner.engine.approval import Demand
from recipe_runner.engine.events import Genesis
from recipe_runner.errors import Diagnostic, UsageError, VerificationError
from recipe_runner.gpgv import dearmor
from recipe_runner.journal.policy_file import (
    ExpectedRecipe,
    NamedWitness,
    OpenPgpPerson,
    Person,
    SshPerson,
    fingerprint_of,
    parse_policy,
    place_of,
    read_capped,
    read_policy,
)
from recipe_runner.journal.witness.base import TrustedWitness
from recipe_runner.journal.witness.table import LEDGER, load
from recipe_runner.sanitise import line


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with its certificates read, in the forms that `verify_signature` takes.

    `primaries` are the fingerprints of those who may sign, `approvers` of those who may approve; `roles` has by
    fingerprint what either of them is.
    """

    primaries: frozenset[str]
    certificates: tuple[bytes, ...]
    recipe: ExpectedRecipe = field(default_factory=lambda: ExpectedRecipe(name=None, sha256=None))
    parameters: dict[str, str | list[str]] = field(default_factory=dict)
    approvals: dict[str, Demand] = field(default_factory=dict)
    approvers: frozenset[str] = frozenset()
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    witnesses: tuple[TrustedWitness, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy file and the certificates it names; raises UsageError with every fault, each at its line."""
        text = read_policy(path)
        written = parse_policy(text, str(path))
        certificates: dict[bytes, None] = {}
        roles: dict[str, frozenset[str]] = {}
        faults: list[Diagnostic] = []
        for person in (*written.signers, *written.approvers):
            who = fingerprint_of(person)
            roles[who] = roles.get(who, frozenset()) | frozenset(person.roles)
            try:
                certificates[_certificate(person, path.parent)] = None
            except (UsageError, VerificationError) as error:
                name = person.certificate if isinstance(person, OpenPgpPerson) else ""
                span = place_of(text, str(path), name)
                faults += [Diagnostic(f"`{line(name)}`: {d.message}", span) for d in error.diagnostics]
        witnesses = []
        for named in written.witnesses:
            try:
                witnesses.append(_witness(named, path.absolute().parent))
            except UsageError as error:
                span = place_of(text, str(path), named.ca or named.kind)
                faults += [Diagnostic(d.message, span, d.hint) for d in error.diagnostics]
        if faults:
            raise UsageError(*faults)
        return cls(
            frozenset(map(fingerprint_of, written.signers)),
            tuple(certificates),
            written.recipe,
            written.parameters,
            {step: Demand(wanted.count, wanted.role) for step, wanted in written.approvals.items()},
            frozenset(map(fingerprint_of, written.approvers)),
            roles,
            tuple(witnesses),
        )

    def objections(self, genesis: Genesis) -> Iterator[str]:
        """Say where a run is not what must have been run: another recipe, other parameters."""
        for name, wanted in (("name", self.recipe.name), ("sha256", self.recipe.sha256)):
            if wanted is not None and genesis.recipe.get(name) != wanted:
                yield f"the recipe's {name} is `{genesis.recipe.get(name)}`, the policy wants `{wanted}`"
        for name, value in self.parameters.items():
            if genesis.params.get(name) != value:
                yield f"parameter `{name}` is `{genesis.params.get(name)}`, the policy wants `{value}`"
        known = {step.get("id") for step in genesis.steps}
        for step in sorted(self.approvals.keys() - known):
            yield f"the policy wants step `{step}` to be approved, which the recipe does not have"

    def approves(self, fingerprint: str, roles: Collection[str | None]) -> bool:
        """Say whether somebody may approve where these roles are asked for; None asks for nothing."""
        return fingerprint in self.approvers and self.has(fingerprint, roles)

    def has(self, fingerprint: str, roles: Collection[str | None]) -> bool:
        """Say whether somebody has all of these roles; None is no role."""
        return set(roles) - {None} <= self.roles.get(fingerprint, frozenset())


def _certificate(person: Person, beside: Path) -> bytes:
    if isinstance(person, SshPerson):
        return person.ssh.encode()
    return dearmor(read_capped(beside / person.certificate), "PUBLIC KEY BLOCK")


def _witness(named: NamedWitness, beside: Path) -> TrustedWitness:
    kind = load(named.kind) if named.kind != LEDGER else None
    address = named.address
    if address is not None:
        if (beside / address.partition("#")[0]).is_dir():
            address = str(beside / address)
        if kind:
            kind.check(address)
    ca = beside / named.ca if named.ca else None
    if ca:
        read_capped(ca)
    return TrustedWitness(named.kind, address, ca, frozenset(named.required))
