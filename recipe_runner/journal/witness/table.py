"""The kinds of witnesses by name, and witnesses as they are named on a command line: `KIND=ADDRESS`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from recipe_runner.errors import Diagnostic, UsageError
from recipe_runner.language.suggestions import suggest
from recipe_runner.plugs import ExtensionPoint
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from recipe_runner.journal.witness.base import Witness

LEDGER = "ledger"
"""The kind that needs no address: the runs beside this one (`links.py`)."""
WITNESSES = ExtensionPoint(
    "recipe_runner.witnesses",
    "witness",
    {
        "git": "recipe_runner.journal.witness.git:GitRemote",
        "tsa": "recipe_runner.journal.witness.timestamp:TimestampAuthority",
    },
)


@dataclass(frozen=True, slots=True)
class Appointed:
    """A witness that a run is to have."""

    kind: str
    address: str
    witness: Witness

    @classmethod
    def at(cls, kind: str, address: str) -> Appointed:
        """Return the witness of a kind at an address; raises UsageError, also for an address with a password in it."""
        witness = load(kind)
        if not address.isprintable() or not address.isascii() or " " in address or not address:
            raise UsageError.because(f"`{line(address)}` is not an address", hint=f"write {kind}=ADDRESS")
        if _has_password(address):
            raise UsageError.because(
                f"the address of witness `{kind}` has a password in it, which others could read and the journal keeps",
                hint="leave it to a credential helper, a key, or ~/.aws",
            )
        witness.check(address)
        return cls(kind, address, witness)


@cache
def load(kind: str) -> Witness:
    """Return the witness of this kind; raises UsageError where there is none or it cannot be loaded."""
    if kind not in WITNESSES:
        raise UsageError.because(
            f"there is no kind of witness `{line(kind)}`", hint=suggest(kind, WITNESSES.names(), what="kind of witness")
        )
    return cast("Witness", WITNESSES.make(kind))


def appointed(texts: Iterable[str]) -> tuple[Appointed, ...]:
    """Read `KIND=ADDRESS` texts, each witness once; raises UsageError with every fault."""
    found: dict[tuple[str, str], Appointed] = {}
    faults: list[Diagnostic] = []
    for text in texts:
        kind, equals, address = text.partition("=")
        try:
            if not equals:
                raise UsageError.because(
                    f"`{line(text)}` does not name a witness", hint="write KIND=ADDRESS, such as tsa=https://…"
                )
            found[kind, address] = Appointed.at(kind, address)
        except UsageError as error:
            faults += error.diagnostics
    if faults:
        raise UsageError(*faults)
    return tuple(found.values())


def _has_password(address: str) -> bool:
    try:
        return urlsplit(address).password is not None
    except ValueError:
        return False
