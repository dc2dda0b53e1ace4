"""A request for approval as its reader sees it: who asks, what will run with which values, and what is at stake."""

from __future__ import annotations

from rich.padding import Padding
from rich.text import Text

from recipe_runner.console.reading import read_confirmation, read_line
from recipe_runner.console.terminal import Terminal
from recipe_runner.journal.reading.narrative import text_of
from recipe_runner.journal.request import Sheet
from recipe_runner.sanitise import line, visible

LINE_END, BELOW = "\n", "\n      "
"""Further rows of a detail stand where neither a fact nor the code can, so that none passes for one of those."""


def show(terminal: Terminal, sheet: Sheet) -> None:
    """Print a request; nothing in it reaches the terminal unsanitised."""
    event = sheet.event
    terminal.rule(f"Approve step {event.step}?", f"until {event.until}")
    wanted = f"{event.needed}{f', of role {event.role}' if event.role else ''}"
    rows = {
        "run": event.run,
        "recipe": f"{event.recipe.get('name', '')} (sha256 {event.recipe.get('sha256', '')})",
        "asked by": f"{event.operator}{f' on {event.host}' if event.host else ''}",
        "sealed by": sheet.signer.primary,
        "asked at": sheet.line.ts,
        "expires": event.expires,
        "attempt": f"{event.attempt}{', and it repeats itself' if event.repeats else ''}",
        "for each of": ", ".join(event.items),
        "approvals": wanted,
        **{f"  {name}": text_of(value) for name, value in event.params.items()},
    }
    for name, text in rows.items():
        if text:
            terminal.out.print(Text.assemble((f"  {line(name):<13}", "dim"), line(text)))
    for detail in event.details:
        terminal.say(f"  {detail.replace(LINE_END, BELOW)}")
    terminal.blank()
    terminal.say(f"  This {event.kind} will run (sha256 {event.command}):", "strong")
    terminal.out.print(Padding(Text(visible(sheet.code).rstrip("\n"), "cyan"), (0, 4)), soft_wrap=False)
    terminal.blank()


def ask(terminal: Terminal) -> tuple[bool, str]:
    """Ask until `approve` or `deny` is typed; returns whether it is approved, and the reason if not."""
    while True:
        typed = read_confirmation(terminal, "  Type approve or deny: ").strip()
        if typed == "approve":
            return True, ""
        if typed == "deny":
            return False, read_line(terminal, "  Reason: ").strip()
        terminal.say("  That is neither; nothing has been signed.", "warn")
