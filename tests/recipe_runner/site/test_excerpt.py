from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.journal.reading.transcript import Piece, Stream
from recipe_runner.site.excerpt import excerpt, shortened

STREAM: st.SearchStrategy[Stream] = st.sampled_from(["stdout", "stderr"])
PIECES = st.lists(st.builds(Piece, STREAM, st.binary(min_size=1, max_size=30)))


def letters(pieces: list[Piece]) -> list[Piece]:
    """Make pieces of letters, so that bytes and characters are the same."""
    return [piece._replace(data=bytes(97 + byte % 26 for byte in piece.data)) for piece in pieces]


@given(PIECES.map(letters), st.integers(4, 200))
def test_beginning_and_end_are_kept(pieces: list[Piece], room: int) -> None:
    """What fits is shown whole; of more, a quarter of the room is the beginning and the rest the end."""
    found = excerpt(pieces, room)
    whole = b"".join(piece.data for piece in pieces).decode()
    beginning = "".join(text for _, text in found.beginning)
    end = "".join(text for _, text in found.end)
    if len(whole) <= room:
        assert (beginning, end, found.left_out) == (whole, "", 0)
    else:
        assert (beginning, end) == (whole[: room // 4], whole[-(room - room // 4) :])
        assert found.left_out == len(whole) - room


@given(PIECES)
def test_streams_stay_apart(pieces: list[Piece]) -> None:
    """Neighbours of one stream become one part, and the order of streams is that in which they came."""
    streams = [stream for stream, _ in excerpt(pieces, 10**6).beginning]
    assert streams == [p.stream for n, p in enumerate(pieces) if n == 0 or pieces[n - 1].stream != p.stream]


@given(st.lists(st.booleans()), st.integers(1, 20))
def test_the_notable_comes_first(rows: list[bool], room: int) -> None:
    """Never more rows than there is room for; what is notable is left out only for other notable rows."""
    found = shortened(list(enumerate(rows)), room, lambda row: row[1])
    assert len(found.rows) == min(room, len(rows))
    assert len(found.rows) + found.left_out == len(rows)
    assert list(found.rows) == sorted(found.rows)
    assert sum(notable for _, notable in found.rows) == min(room, sum(rows))
