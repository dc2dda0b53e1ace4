"""Whose key seals a session: the two fingerprints that `genesis`, `recover` and `resume` lines carry."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from recipe_runner.journal.lines import LineError

FINGERPRINT = re.compile(r"[0-9A-F]{40}\Z")


@dataclass(frozen=True, slots=True)
class Identity:
    """Fingerprints in upper-case hexadecimal: of the primary key, and of the key that makes the signatures."""

    primary: str
    signing: str

    @classmethod
    def of(cls, field: Any) -> Identity:  # noqa: ANN401 - any JSON value
        """Read the field `signer` of a line; raises LineError."""
        match field:
            case {"primary": str() as primary, "signing": str() as signing, **more} if not more:
                if FINGERPRINT.match(primary) and FINGERPRINT.match(signing):
                    return cls(primary, signing)
        raise LineError("`signer` is not a pair of fingerprints")

    def to_field(self) -> dict[str, str]:
        """Return the field `signer` of a line."""
        return asdict(self)
