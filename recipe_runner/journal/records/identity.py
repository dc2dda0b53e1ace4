"""Whose key seals a session: the two fingerprints that `genesis`, `recover` and `resume` lines carry."""

from __future__ import annotations

import re
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from recipe_runner import ssh_key
from recipe_runner.journal.records.lines import LineError

OPENPGP = re.compile(r"[0-9A-F]{40}\Z")
Kind = Literal["openpgp", "ssh"]


class Identity(Struct, frozen=True):
    """Fingerprints of the primary key, which stands for the person, and of the key that makes the signatures.

    Those of OpenPGP keys are 40 upper-case hexadecimal digits. An SSH key is its own primary key: twice `SHA256:…`.
    """

    primary: str
    signing: str

    @property
    def kind(self) -> Kind:
        """Which kind of keys these are; their form tells."""
        return kind_of(self.primary) or "openpgp"

    @classmethod
    def of(cls, field: Any) -> Identity:  # noqa: ANN401 - any JSON value
        """Read the field `signer` of a line; raises LineError."""
        match field:
            case {"primary": str() as primary, "signing": str() as signing, **more} if not more:
                kind = kind_of(primary)
                if kind and kind == kind_of(signing) and (kind == "openpgp" or primary == signing):
                    return cls(primary, signing)
        raise LineError("`signer` is not a pair of fingerprints")

    def to_field(self) -> dict[str, str]:
        """Return the field `signer` of a line."""
        return asdict(self)


def kind_of(fingerprint: str) -> Kind | None:
    """Return which kind of key a fingerprint in its one form stands for; None if it is no fingerprint."""
    if OPENPGP.match(fingerprint):
        return "openpgp"
    return "ssh" if ssh_key.is_fingerprint(fingerprint) else None


def fingerprint(text: str) -> str | None:
    """Return the fingerprint that a person wrote in its one form: hexadecimal in capitals without blanks; else None."""
    tidy = text.strip() if text.strip().startswith("SHA256:") else "".join(text.split()).upper()
    return tidy if kind_of(tidy) else None
