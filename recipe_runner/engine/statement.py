"""What somebody signs who approves or denies a step: all of it but the answer follows from the request."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

DOMAIN = "recipe-run-approval/v1"
Decision = Literal["approve", "deny"]
FORM = re.compile(
    rf"{DOMAIN}\n"
    r"run: (?P<run>[0-9a-f]{32})\n"
    r"step: (?P<step>[a-z0-9][a-z0-9-]*)\n"
    r"attempt: (?P<attempt>[1-9][0-9]{0,8})\n"
    r"digest: (?P<digest>[0-9a-f]{64})\n"
    r"command: (?P<command>[0-9a-f]{64})\n"
    r"head: (?P<head>[0-9a-f]{64})\n"
    r"expires: (?P<expires>[^\n]*)\n"
    r"decision: (?P<decision>approve|deny)\n"
    r"approver: (?P<approver>[^\n ]+)\n"
    r"key: (?P<key>[^\n ]+)\n"
    r"signed: (?P<signed>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\n"
    r"reason: (?P<reason>[^\x00-\x1f\x7f\ud800-\udfff]*)\n",
    re.ASCII,
)


class Statement(Struct, frozen=True, kw_only=True):
    """One person's answer to one request.

    `head` is the sha256 of the request's raw line in the journal; `approver` and `key` are the fingerprints of the
    approver's primary key and of the key that signs; `expires` is the request's, `signed` the approver's clock.
    """

    run: str
    step: str
    attempt: int
    digest: str
    command: str
    head: str
    expires: str
    decision: Decision
    approver: str
    key: str
    signed: str
    reason: str = ""

    def text(self) -> str:
        """Return the exact text that is signed."""
        return (
            f"{DOMAIN}\nrun: {self.run}\nstep: {self.step}\nattempt: {self.attempt}\ndigest: {self.digest}\n"
            f"command: {self.command}\nhead: {self.head}\nexpires: {self.expires}\ndecision: {self.decision}\n"
            f"approver: {self.approver}\nkey: {self.key}\nsigned: {self.signed}\nreason: {self.reason}\n"
        )

    @classmethod
    def parse(cls, text: str) -> Statement:
        """Read a signed text; raises ValueError where it is not exactly of that form."""
        found = FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"this is no statement of the form `{DOMAIN}`")
        parts: dict[str, str] = found.groupdict()
        decision: Decision = "approve" if parts.pop("decision") == "approve" else "deny"
        return cls(**{**parts, "attempt": int(parts["attempt"]), "decision": decision})  # type: ignore[arg-type]
