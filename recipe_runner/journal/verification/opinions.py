"""Second opinions on the signatures of a journal, and how they came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from recipe_runner import sqv
from recipe_runner.errors import VerificationError
from recipe_runner.gpgv import Signature
from recipe_runner.journal.records.identity import kind_of
from recipe_runner.journal.signers.signature import is_ssh_key


@dataclass(slots=True)
class Opinions:
    """What was said of each signature: `agrees`, `differs`, or `none` where nobody can be asked; for many threads."""

    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        sqv.installed()

    def ask(self, made: Signature, statement: bytes, signature: bytes, certificates: Sequence[bytes]) -> None:
        """Ask about a signature that is good at first sight; raises UntrustedError or VerificationError."""
        if kind_of(made.primary) == "ssh":
            self.said.append("none")
            return
        keys = [certificate for certificate in certificates if not is_ssh_key(certificate)]
        try:
            sqv.confirm(statement, signature, certificates=keys, primary=made.primary)
        except VerificationError:
            self.said.append("differs")
            raise
        self.said.append("agrees")

    def in_words(self) -> str:
        """Return the sum of it as one line."""
        texts = {
            "agrees": "`sqv` agrees on {} signatures",
            "differs": "`sqv` does not agree on {}",
            "none": "there is none for {} SSH signatures",
        }
        counts = {kind: self.said.count(kind) for kind in texts}
        return "; ".join(texts[kind].format(count) for kind, count in counts.items() if count) or "nothing to judge"
