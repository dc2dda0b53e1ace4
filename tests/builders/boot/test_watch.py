from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.boot.watch import FAILURES, Watch

CONSOLE = b"Booting\r\n\x1b[0;32m  OK  \x1b[0m Started\r\nkarmic \x1b[1mlog\x1b[0min: "


def verdict(pieces: list[bytes], marker: str = "login:") -> str | None:
    watch = Watch(marker)
    for piece in pieces:
        found = watch.feed(piece)
        if found is not None:
            return found
    return None


@given(st.lists(st.integers(0, len(CONSOLE)), max_size=20))
def test_the_marker_is_seen_however_it_arrives(cuts: list[int]) -> None:
    """The marker counts in any pieces, and with escape sequences inside it."""
    edges = [0, *sorted(cuts), len(CONSOLE)]
    assert verdict([CONSOLE[a:b] for a, b in pairwise(edges)]) == ""


@pytest.mark.parametrize("sign", FAILURES)
def test_a_failure_ends_the_wait_at_once(sign: str) -> None:
    """Each sign of a failed boot is told in words, and wins over a marker that comes later."""
    assert verdict([f"text\r\n{sign} ...\r\nlogin: ".encode()]) == FAILURES[sign]


def test_nothing_yet_is_no_verdict() -> None:
    """Other output, also bytes that are no text, decides nothing."""
    assert verdict([b"\xff\xfe login", b" : grub", b"\x00" * 10_000]) is None


def test_a_marker_across_much_output_is_not_lost() -> None:
    """Only a marker that was cut by more than other text is missed."""
    assert verdict([b"x" * 10_000 + b"log", b"in:"]) == ""
