from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.console.modes import Modes


@pytest.mark.parametrize(
    ("written", "undone"),
    [
        (b"plain text \x1b[31mred\x1b[0m", b""),
        (b"\x1b[?1049h\x1b[?25l\x1b[2J", b"\x1b[?25h\x1b[?1049l"),
        (b"\x1b[?1049h...\x1b[?1049l", b""),
        (b"\x1b[?1000;1006h\x1b[?2004h", b"\x1b[?2004l\x1b[?1006l\x1b[?1000l"),
        (b"\x1b[?25l\x1b[?25h", b""),
        (b"\x1b[?7l\x1b=", b"\x1b[?7h\x1b>"),
        (b"\x1b=\x1b[?1h\x1bc", b""),
        (b"\x1b[?12345h\x1b[?8h", b""),
    ],
)
def test_what_a_program_has_changed_is_undone(written: bytes, undone: bytes) -> None:
    """What it has changed and not changed back, the latest first; a screen that was never entered is not left."""
    modes = Modes()
    modes.feed(written)
    assert modes.undo() == undone
    assert modes.undo() == b""


@given(
    st.lists(st.sampled_from([b"\x1b[?1049h", b"\x1b[?25l", b"\x1b[?25h", b"\x1b=", b"x", b"\x1b", b"[?7l"])), st.data()
)
def test_codes_are_seen_across_chunks(parts: list[bytes], data: st.DataObject) -> None:
    """Wherever the output is cut, the same is undone."""
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    one, two = Modes(), Modes()
    one.feed(whole)
    two.feed(whole[:cut])
    two.feed(whole[cut:])
    assert one.undo() == two.undo()
