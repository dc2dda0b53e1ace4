from __future__ import annotations

from typing import Any

import pytest

from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import LineError

FIRST, SECOND = "A" * 40, "B" * 40


def test_the_field_is_read_back() -> None:
    """What a line carries is the identity that was written."""
    assert Identity.of(Identity(FIRST, SECOND).to_field()) == Identity(FIRST, SECOND)


@pytest.mark.parametrize(
    "field",
    [
        None,
        FIRST,
        {},
        {"primary": FIRST},
        {"primary": FIRST, "signing": SECOND, "user": "x"},
        {"primary": FIRST, "signing": SECOND.lower()},
        {"primary": FIRST[:16], "signing": SECOND},
        {"primary": FIRST, "signing": None},
    ],
)
def test_anything_else_is_refused(field: Any) -> None:
    """Only two whole fingerprints in capitals are an identity."""
    with pytest.raises(LineError):
        Identity.of(field)
