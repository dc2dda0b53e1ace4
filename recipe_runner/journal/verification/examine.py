"""Judging a journal: a pure function over its raw lines, a policy and a callable that checks signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from recipe_runner.errors import VerificationError
from recipe_runner.gpgv import Signature, UntrustedError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.seal import Seal
from recipe_runner.journal.verification.examination import Examination
from recipe_runner.journal.verification.gates import Gates
from recipe_runner.journal.verification.named import Named
from recipe_runner.journal.verification.verdict import Doubt, Facts, Verdict
from recipe_runner.journal.witness.head import Extent

CheckSignature = Callable[[Seal], Signature]
"""Judges a signature, by those who may make it; raises UntrustedError or VerificationError."""


class Each(Protocol):
    """`map`, or the `map` of an executor."""

    def __call__(self, function: Callable[[tuple[int, Seal]], Any], items: Iterable[tuple[int, Seal]], /) -> Any:  # noqa: ANN401
        """Apply `function` to each item and return the results in order."""
        ...


@dataclass(slots=True)
class Examined:
    """What was found: doubts, facts, where it ends, and the files beside the journal that records name."""

    doubts: list[Doubt]
    facts: Facts
    named: Named
    extent: Extent


def examine(
    lines: Iterable[bytes],
    policy: Policy,
    check_signature: CheckSignature,
    *,
    directory_name: str = "",
    each: Each = map,
) -> Examined:
    """Judge raw lines; a line longer than the cap may come cut, one without line feed only as the last.

    `directory_name` must be the run's id where it has the form of one. Lines are taken one at a time.
    """
    reading = Examination(policy, directory_name, Gates(policy))

    def check(numbered: tuple[int, Seal]) -> tuple[int, Seal, Doubt | None]:
        number, seal = numbered
        try:
            made = check_signature(seal)
        except UntrustedError as error:
            said = "; ".join(d.message for d in error.diagnostics)
            named = seal.by.signing in said or seal.by.primary in said
            text = said if named else f"{said}, which says that it is {seal.by.signing}"
            return number, seal, Doubt(Verdict.UNTRUSTED, text, number)
        except VerificationError as error:
            return number, seal, Doubt(Verdict.INVALID, "; ".join(d.message for d in error.diagnostics), number)
        if Identity(made.primary, made.signing) != seal.by:
            wrong = f"signed by `{made.signing}`, not by `{seal.by.signing}`"
            return number, seal, Doubt(Verdict.INVALID, wrong, number)
        return number, seal, None

    doubts = []
    for number, seal, doubt in each(check, reading.seals(lines)):
        if doubt:
            doubts.append(doubt)
        else:
            reading.prove(number, seal)
    reading.end()
    return Examined(doubts + reading.doubts, reading.facts(), reading.named, reading.extent())
