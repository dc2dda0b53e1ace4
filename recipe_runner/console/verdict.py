"""The verdict on a journal, as an auditor reads it: the answer first, then what it rests on."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from recipe_runner.console.terminal import Terminal, styled
from recipe_runner.journal.verification.verdict import MEANING, Report, Verdict
from recipe_runner.sanitise import line

STYLE = {Verdict.VALID: "bold green", Verdict.INCOMPLETE: "bold yellow"}
BAD = "bold red"
BEFORE = {"unchanged": "", "changed": "red", "missing": "yellow"}
ATTESTATION = {"vouches": "", "contradicts": "red", "silent": "dim"}


def show(terminal: Terminal, run: Path, report: Report) -> None:
    """Print the report on standard output; keys are shown by fingerprint only."""
    out = terminal.out
    out.print(Text.assemble((report.verdict.value, STYLE.get(report.verdict, BAD)), f"  {MEANING[report.verdict]}"))
    for reason in report.reasons:
        out.print(Text.assemble(("  - ", "red"), line(reason)))
    facts = report.facts
    records = f"{facts.records}, of which {facts.seals} are seals; sessions: {facts.sessions}"
    if report.verdict is Verdict.INVALID:
        records = f"{facts.records} read; what they say is not repeated here"
    rows = {
        "journal": str(run),
        "run": facts.run,
        "recipe": f"{facts.recipe} (sha256 {facts.recipe_sha256})" if facts.recipe else "",
        "outcome": facts.outcome,
        "records": records,
        "set aside": f"{facts.set_aside} unfinished ends, kept in files of their own" if facts.set_aside else "",
        "sealed by": ", ".join(facts.signers),
        "signing key": ", ".join(facts.signing_keys) if facts.signing_keys != facts.signers else "",
        "trusted time": facts.trusted_time,
        "second look": facts.second_opinion,
    }
    for name, value in rows.items():
        if value:
            out.print(Text.assemble((f"  {name:<13}", "dim"), styled(line(value), "")))
    for given in facts.approvals:
        word = "approved" if given.decision == "approve" else "denied"
        said = f"{given.step}, attempt {given.attempt}, by {given.approver} at {given.signed}"
        out.print(Text.assemble((f"  {word:<13}", "dim"), line(said)))
    if facts.before:
        out.print(
            Text.assemble((f"  {'run before':<13}", "dim"), (line(facts.before.in_words()), BEFORE[facts.before.state]))
        )
    for attestation in facts.witnesses:
        style = ATTESTATION[attestation.outcome]
        out.print(Text.assemble((f"  {'witness':<13}", "dim"), (line(attestation.in_words(facts.records)), style)))
