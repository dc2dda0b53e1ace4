from __future__ import annotations

import hashlib

import pytest

from recipe_runner.journal.records.chain import START, Chain, head_of
from recipe_runner.journal.records.lines import Line, LineError


def line(n: int, prev: str) -> Line:
    """Return a line at this place."""
    return Line(n, prev, "note", "2026-11-22T15:00:00.000001Z", "0", {})


def test_a_chain_counts_and_hashes_the_raw_bytes() -> None:
    """Number, size, head and running hash are those of the bytes taken, line feeds included."""
    chain = Chain()
    assert (chain.records, chain.size, chain.head) == (0, 0, START)
    for raw in (b"one\n", b"two\n"):
        chain.extend(raw)
    assert (chain.records, chain.size) == (2, 8)
    assert chain.head == head_of(b"two\n") == hashlib.sha256(b"two\n").hexdigest()
    assert chain.sha256 == hashlib.sha256(b"one\ntwo\n").hexdigest()


def test_only_the_next_line_fits() -> None:
    """A line with another number or another link is refused."""
    chain = Chain()
    chain.extend(b"one\n")
    chain.check(line(1, head_of(b"one\n")))
    for wrong in (line(0, head_of(b"one\n")), line(2, head_of(b"one\n")), line(1, START), line(1, head_of(b"one"))):
        with pytest.raises(LineError):
            chain.check(wrong)


def test_a_copy_goes_its_own_way() -> None:
    """Extending a copy leaves the original where it was."""
    chain = Chain()
    ahead = chain.copy()
    ahead.extend(b"one\n")
    assert (chain.records, chain.sha256) == (0, hashlib.sha256(b"").hexdigest())
