from __future__ import annotations

from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.seal import statement


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
