"""Verdicts on thousands of variants of a journal, each signature over each text judged by the real program once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

from recipe_runner.gpgv import Signature
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.lines import LINE_CAP
from recipe_runner.journal.records.seal import Seal
from recipe_runner.journal.signers.signature import verify_signature
from recipe_runner.journal.verification.examine import CheckSignature, Examined, examine
from recipe_runner.journal.verification.verdict import Report, Verdict
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.forge import Record

Known = dict[tuple[bytes, bytes, frozenset[str], tuple[bytes, ...]], Signature | Exception]


@dataclass(frozen=True, slots=True)
class Judge:
    """Examines bytes or records under a policy; what has been `known` once is not asked again."""

    policy: Policy
    known: Known = field(default_factory=dict)

    def __call__(
        self, content: bytes | Sequence[Record], trusted: Policy | None = None, directory_name: str = ""
    ) -> Report:
        """Return the report."""
        policy = trusted or self.policy
        found = self._examined(content, policy, functools.partial(self._check, policy), directory_name)
        return Report.of(found.doubts, found.facts)

    def holds(self, content: bytes) -> bool:
        """Say whether bytes are VALID; no signature is judged where they would not be with good ones either."""
        by_themselves = self._examined(content, self.policy, _as_it_claims, "")
        return not by_themselves.doubts and self(content).verdict is Verdict.VALID

    @staticmethod
    def _examined(
        content: bytes | Sequence[Record], policy: Policy, check: CheckSignature, directory_name: str
    ) -> Examined:
        raw = content if isinstance(content, bytes) else b"".join(forge.raw(record) for record in content)
        lines = [line[: LINE_CAP + 1] for line in raw.split(b"\n")]
        whole = [line + b"\n" if len(line) <= LINE_CAP else line for line in lines[:-1]] + lines[-1:]
        return examine((line for line in whole if line), policy, check, directory_name=directory_name)

    def _check(self, policy: Policy, seal: Seal) -> Signature:
        people = policy.primaries if seal.purpose == "seal" else policy.approvers
        key = (seal.statement, seal.signature, people, policy.certificates)
        if key not in self.known:
            try:
                self.known[key] = verify_signature(
                    seal.statement, seal.signature, certificates=policy.certificates, primaries=people
                )
            except Exception as error:  # noqa: BLE001 - kept as it is, and raised again
                self.known[key] = error
        found = self.known[key]
        if isinstance(found, Exception):
            raise found
        return found


def _as_it_claims(seal: Seal) -> Signature:
    return Signature(seal.by.primary, seal.by.signing, None, "SHA512")
