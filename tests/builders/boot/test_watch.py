from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.boot.watch import FAILURES, KEYS_BEGIN, KEYS_END, Watch, clean, host_keys

CONSOLE = b"Booting\r\n\x1b[0;32m  OK  \x1b[0m Started\r\nkarmic \x1b[1mlog\x1b[0min: "
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0N1FhN6s1ANKVUV9S7WW0uzOYSAXsw6vtrB8ZjI8wX"
ECDSA = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJ="


def watched(*pieces: bytes, signs: tuple[str, ...] = ("login:",)) -> Watch:
    watch = Watch(signs)
    for piece in pieces:
        watch.feed(piece)
    return watch


@given(st.lists(st.integers(0, len(CONSOLE)), max_size=20))
def test_a_sign_is_seen_however_it_arrives(cuts: list[int]) -> None:
    """A sign counts in any pieces, and with escape sequences inside it."""
    edges = [0, *sorted(cuts), len(CONSOLE)]
    watch = watched(*(CONSOLE[a:b] for a, b in pairwise(edges)))
    assert watch.complete
    assert not watch.fault


@pytest.mark.parametrize("sign", FAILURES)
def test_a_failure_is_told_at_once(sign: str) -> None:
    """Each sign of a failed boot is told in words, also when what was waited for comes later."""
    assert watched(f"text\r\n{sign} ...\r\nlogin: ".encode()).fault == FAILURES[sign]
    assert watched(f"text\r\n{sign}".encode()).fault == FAILURES[sign]


def test_what_comes_after_the_last_sign_is_no_failure() -> None:
    """A machine that panics when it has been switched off had come up; one sign of two is not up yet."""
    assert not watched(b"login: ", b"Kernel panic").fault
    assert not watched(b"login: Kernel panic").fault
    assert watched(b"login: Kernel panic", signs=("login:", "done")).fault


def test_nothing_yet_is_no_verdict() -> None:
    """Other output, also bytes that are no text, decides nothing."""
    watch = watched(b"\xff\xfe login", b" : grub", b"\x00" * 10_000)
    assert (watch.complete, watch.fault, watch.seen) == (False, "", set())


def test_a_sign_across_much_output_is_not_lost() -> None:
    """Only a sign that was cut by more than other text is missed."""
    assert watched(b"x" * 10_000 + b"log", b"in:").complete


def test_host_keys_are_read_off_the_console() -> None:
    """The keys between cloud-init's marks count, whatever the kernel says in between; of two blocks the last."""
    block = f"{KEYS_BEGIN}\r\n{ECDSA} root@a\r\n[   60.1] something\r\n{ED25519} root@a\r\n{KEYS_END}\r\n"
    assert host_keys(clean(f"text\r\n{block}login: ")) == (ECDSA, ED25519)
    assert host_keys(clean(block + block.replace(f"{ECDSA} root@a\r\n", ""))) == (ED25519,)


@pytest.mark.parametrize("console", ["", KEYS_BEGIN, f"{KEYS_BEGIN}\n{ED25519}\n", f"{ED25519}\n{KEYS_END}\n"])
def test_a_block_that_is_cut_off_gives_no_keys(console: str) -> None:
    """Half a block may be half a key."""
    assert host_keys(console) == ()
