from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.build.disk import copy_data

PAGE = 4096
PIECES = st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=9000)), max_size=4)


@given(pieces=PIECES, offset=st.integers(0, 8), rest=st.integers(0, 70))
def test_data_arrives_and_holes_stay_holes(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, bytes]], offset: int, rest: int
) -> None:
    """The copy equals the source byte for byte, and nothing outside it is touched."""
    folder = tmp_path_factory.mktemp("copy")
    source, target = folder / "source", folder / "target"
    with source.open("wb") as stream:
        for page, data in pieces:
            stream.seek(page * PAGE)
            stream.write(data)
        stream.seek(0, 2)
        stream.truncate(max(stream.tell(), rest * PAGE))
    size = source.stat().st_size
    target.write_bytes(b"")
    with target.open("r+b") as stream:
        stream.truncate(offset * PAGE + size + PAGE)
    copy_data(source, target, offset * PAGE)
    copied = target.read_bytes()
    assert copied[offset * PAGE : offset * PAGE + size] == source.read_bytes()
    assert not copied[: offset * PAGE].strip(b"\0")
    assert not copied[offset * PAGE + size :].strip(b"\0")


def test_a_large_hole_takes_no_room(tmp_path: Path) -> None:
    """A file that is almost all hole stays so."""
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as stream:
        stream.truncate(64 << 20)
        stream.seek(32 << 20)
        stream.write(b"x")
    with target.open("wb") as stream:
        stream.truncate(64 << 20)
    copy_data(source, target, 0)
    assert target.stat().st_blocks * 512 < 4 << 20
