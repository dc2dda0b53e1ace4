from __future__ import annotations

from tests.recipe_runner.journal.conftest import keys, signer

__all__ = ["keys", "signer"]
