"""What became of a release document: which parts will run, which are for people, and which were left alone and why."""

from __future__ import annotations

from pathlib import Path

from recipe_runner.console.terminal import Terminal
from recipe_runner.language.proposal import Finding, Proposal, Verdict

VERDICTS: dict[Verdict, str] = {"step": "good", "manual": "code", "left": "warn"}
"""How each is coloured."""
COUNTED: dict[Verdict, str] = {"step": "block", "manual": "manual item", "left": "fence"}
LONGEST = 60
"""A longer first line is cut."""


def show(terminal: Terminal, proposal: Proposal, output: Path) -> None:
    """Print the report on standard output and what to do next on standard error."""
    if proposal.report:
        terminal.table(("line", "became", "", "text"), [_row(finding) for finding in proposal.report])
        terminal.say("")
    count = {verdict: sum(finding.verdict == verdict for finding in proposal.report) for verdict in VERDICTS}
    counted = ", ".join(_counted(count[verdict], what) for verdict, what in COUNTED.items())
    terminal.say(f"{output}: {counted} left alone")
    terminal.note(f"next: read it, then recipe check {output}")


def _row(finding: Finding) -> list[str | tuple[str, str]]:
    text = " ".join(finding.text.split())
    shown = f"{text[:LONGEST]}…" if len(text) > LONGEST else text
    what = f"#{finding.id}" if finding.id else finding.reason
    return [(str(finding.line), "quiet"), (finding.verdict, VERDICTS[finding.verdict]), what, (shown, "quiet")]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
