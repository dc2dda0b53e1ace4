"""The run that is exported: where it is, what its journal says, and what can be read beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.journal.files import open_regular, reading
from recipe_runner.journal.ledger import JOURNAL
from recipe_runner.journal.reading.account import Account, State
from recipe_runner.journal.reading.kept import Kept, kept
from recipe_runner.journal.store.runner import runner


@dataclass(frozen=True, slots=True)
class Subject:
    """A run as its journal tells it; nothing here has been verified."""

    directory: Path
    account: Account

    @property
    def state(self) -> State:
        """Say where the run is now."""
        return self.account.state(live=runner(self.directory) is not None)

    def kept(self) -> Kept:
        """Read the recipe as it was when it ran."""
        return kept(self.directory, self.account)

    def journal_sha256(self) -> str:
        """Hash the journal as it is now; raises UsageError where it cannot be read."""
        with reading(self.directory), open_regular(self.directory / JOURNAL) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
