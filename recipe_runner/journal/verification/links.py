"""`ledger`: what the runs beside this one say of it, and what became of the run that this one names before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from recipe_runner.errors import RecipeError
from recipe_runner.journal.files import open_regular
from recipe_runner.journal.ledger import JOURNAL, Entry, Ledger, Link
from recipe_runner.journal.records.lines import LINE_CAP
from recipe_runner.journal.store.survey import survey
from recipe_runner.journal.verification.verdict import Before
from recipe_runner.journal.witness.base import Attestation, Heads
from recipe_runner.journal.witness.head import heads
from recipe_runner.journal.witness.table import LEDGER as KIND

BEGINNING = 2
"""Records of a run's beginning: the first and its seal."""
CheckSignature = Callable[[bytes, bytes], object]
"""Takes a statement and a signature; raises RecipeError where it is not one that the policy allows."""


def attested(run: str, ledger: Ledger, journal: Heads, check: CheckSignature) -> Iterator[Attestation]:
    """Yield what later runs say of a run, as far as their own beginning is sealed by an allowed key."""
    for entry in ledger.after(run):
        link = entry.previous
        if link is None:
            continue
        if doubt := _doubt(entry, check):
            yield Attestation(KIND, "silent", f"it names this run, but {doubt}", entry.run, link.records)
            continue
        found = journal([link.records]).get(link.records)
        if found is not None and found.head == link.head:
            text = f"a run that began at {entry.began}, by its own clock, names this head"
            yield Attestation(KIND, "vouches", text, entry.run, link.records)
        else:
            has = "has others" if found else "does not have them"
            text = f"it names the head of {link.records} records, and the journal {has}"
            yield Attestation(KIND, "contradicts", text, entry.run, link.records)


def before(link: Link, ledger: Ledger) -> Before:
    """Say whether the run that a run names before it is still there as it then was, in each copy that is there."""
    found = [_head(entry, link) for entry in ledger.named(link.run)]
    if not found:
        return Before(link.run, link.records, "missing")
    return Before(link.run, link.records, "unchanged" if set(found) == {link.head} else "changed")


def _head(entry: Entry, link: Link) -> str | None:
    """Return a run's head where a link saw it, or None where it does not go so far."""
    try:
        found = heads(entry.directory, link.run, [link.records]).get(link.records)
    except OSError:
        return None
    return found.head if found else None


def _doubt(entry: Entry, check: CheckSignature) -> str:
    """Say why a run's beginning cannot be relied on; nothing where it can."""
    try:
        with open_regular(entry.directory / JOURNAL) as file:
            found = survey(file.readline(LINE_CAP + 1) for _ in range(BEGINNING))
        if found.seal is None:
            return "it is unsigned"
        check(found.seal.statement, found.seal.signature)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except RecipeError as error:
        return "; ".join(fault.message for fault in error.diagnostics)
    return ""
