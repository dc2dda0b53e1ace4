from __future__ import annotations

import pytest

from recipe_runner.engine.events import TYPES
from recipe_runner.journal.chain import Chain
from recipe_runner.journal.seal import needs_seal, statement


def test_a_statement_says_exactly_how_far_the_journal_has_come() -> None:
    """The signed text has the domain first and fixes the run, the bytes, the head and the clocks of its own line."""
    chain = Chain()
    chain.extend(b"one\n")
    said = statement("ab" * 16, chain, why="genesis", ts="2026-11-22T15:00:00.000001Z", mono_ns="17")
    assert said == (
        "recipe-run-seal/v1\nrun: abababababababababababababababab\nwhy: genesis\nrecords: 1\nbytes: 4\n"
        "sha256: 2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806\n"
        "head: 2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806\n"
        "ts: 2026-11-22T15:00:00.000001Z\nmono_ns: 17\n"
    )


@pytest.mark.parametrize("type_name", [*TYPES, "approval", "seal"])
def test_all_but_observations_are_sealed(type_name: str) -> None:
    """Beginning, intent, result, decision, recovery and end are sealed; a precondition waits for the next seal."""
    assert needs_seal("every", type_name) == (type_name not in {"precondition", "seal"})
    assert not needs_seal("none", type_name)
