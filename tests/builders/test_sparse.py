from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.images.size import MIB
from builders.sparse import copy_data, copy_sparse, filled_blocks, pieces, send

PAGE = 4096
PIECES = st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=9000)), max_size=4)


def written(path: Path, content: list[tuple[int, bytes]], size: int = 0) -> Path:
    """Write pieces at pages of a file that is `size` bytes at least, with holes between them."""
    with path.open("wb") as stream:
        for page, data in content:
            stream.seek(page * PAGE)
            stream.write(data)
        stream.seek(0, 2)
        stream.truncate(max(stream.tell(), size))
    return path


@given(content=PIECES, offset=st.integers(0, 8), rest=st.integers(0, 700))
def test_data_arrives_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, content: list[tuple[int, bytes]], offset: int, rest: int
) -> None:
    """The copy equals the source byte for byte, and nothing outside it is touched."""
    folder = tmp_path_factory.mktemp("copy")
    source = written(folder / "source", content, rest * PAGE)
    size = source.stat().st_size
    target = written(folder / "target", [], offset * PAGE + size + PAGE)
    copy_data(source, target, offset * PAGE)
    assert target.read_bytes() == bytes(offset * PAGE) + source.read_bytes() + bytes(PAGE)


@given(content=PIECES, rest=st.integers(0, 700), start=st.integers(0, 700), length=st.integers(0, 700))
def test_a_part_is_taken_out(
    tmp_path_factory: pytest.TempPathFactory, content: list[tuple[int, bytes]], rest: int, start: int, length: int
) -> None:
    """Only what lies between the two places arrives, at the beginning."""
    folder = tmp_path_factory.mktemp("part")
    source = written(folder / "source", content, rest * PAGE)
    target = written(folder / "target", [], length * PAGE)
    copy_data(source, target, start=start * PAGE, stop=min(source.stat().st_size, (start + length) * PAGE))
    wanted = source.read_bytes()[start * PAGE : (start + length) * PAGE]
    assert target.read_bytes() == wanted + bytes(length * PAGE - len(wanted))


@given(content=PIECES, rest=st.integers(0, 700))
def test_what_is_given_is_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, content: list[tuple[int, bytes]], rest: int
) -> None:
    """The pieces are the whole file; the blocks are those that are not all zeros, with holes and without."""
    path = written(tmp_path_factory.mktemp("read") / "file", content, rest * PAGE)
    whole = path.read_bytes()
    assert b"".join(pieces(path)) == whole
    full = path.with_name("full")
    full.write_bytes(whole)
    blocks = {n: whole[n * MIB : (n + 1) * MIB] for n in range(-(-len(whole) // MIB))}
    filled = {n: data for n, data in blocks.items() if data.strip(b"\0")}
    assert dict(filled_blocks(path)) == dict(filled_blocks(full)) == filled


def test_a_large_hole_takes_no_room_and_no_reading(tmp_path: Path) -> None:
    """A file that is almost all hole stays so, and its zeros are told without a read."""
    source = written(tmp_path / "source", [(8192, b"x")], 64 * MIB)
    copy_sparse(source, tmp_path / "target")
    assert (tmp_path / "target").stat().st_blocks * 512 < 4 * MIB
    assert hashlib.sha256(b"".join(pieces(source))).digest() == hashlib.sha256(source.read_bytes()).digest()


def test_what_is_cut_short_is_no_copy(tmp_path: Path) -> None:
    """A file that ends before the part that is asked for is a fault, not a shorter copy."""
    path = written(tmp_path / "source", [(0, b"x")])
    with path.open("rb") as source, (tmp_path / "target").open("wb") as sink, pytest.raises(OSError, match="cut short"):
        send(source, sink, 0, PAGE)
