from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.publish.datamap import BLOCK, DataMap, read_block, read_map
from recipe_runner.errors import RecipeError
from tests.support.disks import MEBIBYTE, sparse, tiny_disk


def test_only_blocks_with_data_are_in_the_map(tmp_path: Path) -> None:
    """Holes and blocks of zeros are left out, blocks with a single byte are not."""
    half = BLOCK
    disk = sparse(tmp_path / "disk", 4 * MEBIBYTE, {0: b"x", 2 * half: bytes(half), 5 * half - 1: b"ab"})
    assert sorted(read_map(disk).checksums) == [0, 4, 5]


def test_each_checksum_is_the_sha256_of_its_block(tmp_path: Path) -> None:
    """A block's checksum is that of its 512 KiB, and is given to the cloud in base64."""
    datamap = read_map(sparse(tmp_path / "disk", MEBIBYTE, {BLOCK + 5: b"data"}))
    block = (bytes(5) + b"data").ljust(BLOCK, b"\0")
    assert datamap.checksums == {1: hashlib.sha256(block).digest()}
    assert base64.b64decode(datamap.checksum(1)) == hashlib.sha256(block).digest()


def test_the_last_block_is_padded_with_zeros(tmp_path: Path) -> None:
    """A file that ends inside a block is read as if zeros followed."""
    disk = tmp_path / "disk"
    disk.write_bytes(b"short")
    assert read_map(disk).checksums == {0: hashlib.sha256(b"short".ljust(BLOCK, b"\0")).digest()}


def test_the_aggregate_is_the_checksum_of_the_checksums_in_order() -> None:
    """LINEAR means the sha256 of the blocks' binary checksums in order of index, whatever the order they came in."""
    one, two = hashlib.sha256(b"1").digest(), hashlib.sha256(b"2").digest()
    datamap = DataMap(MEBIBYTE, {7: two, 3: one})
    assert base64.b64decode(datamap.aggregate) == hashlib.sha256(one + two).digest()


def test_content_does_not_depend_on_how_sparse_the_file_is(tmp_path: Path) -> None:
    """The same disk written with and without holes has the same identity."""
    with_holes = tiny_disk(tmp_path / "sparse")
    full = tmp_path / "full"
    full.write_bytes(with_holes.read_bytes())
    assert read_map(full).content == read_map(with_holes).content


@given(
    st.dictionaries(st.integers(0, 63), st.binary(min_size=32, max_size=32), min_size=1, max_size=8),
    st.integers(0, 63),
)
def test_content_differs_when_a_block_differs(checksums: dict[int, bytes], index: int) -> None:
    """Another checksum, another index or one block less is another identity."""
    datamap = DataMap(64 * BLOCK, checksums)
    changed = {**checksums, index: hashlib.sha256(checksums.get(index, b"")).digest()}
    fewer = dict(list(checksums.items())[1:])
    moved = {i + 1: checksum for i, checksum in checksums.items()}
    contents = [DataMap(64 * BLOCK, c).content for c in (changed, fewer, moved)]
    assert datamap.content not in contents


@pytest.mark.parametrize(("size", "gibibytes"), [(1, 1), (1024**3, 1), (1024**3 + 1, 2)])
def test_a_volume_holds_the_whole_image(size: int, gibibytes: int) -> None:
    """Sizes are rounded up to whole GiB, one at least."""
    assert DataMap(size, {}).gibibytes == gibibytes


def test_an_image_without_data_is_refused(tmp_path: Path) -> None:
    """Nothing is published for a file that holds only zeros."""
    with pytest.raises(RecipeError, match="holds no data"):
        read_map(sparse(tmp_path / "disk", MEBIBYTE, {0: bytes(4096)}))


def test_a_missing_image_is_one_line(tmp_path: Path) -> None:
    """The path and the reason are in the message."""
    with pytest.raises(RecipeError, match=r"cannot read the image `.*/nothing`: No such file"):
        read_map(tmp_path / "nothing")


def test_a_block_is_always_whole(tmp_path: Path) -> None:
    """Blocks inside, across and beyond the end of a file have 512 KiB."""
    disk = tmp_path / "disk"
    disk.write_bytes(b"a" * (BLOCK + 10))
    with disk.open("rb") as stream:
        blocks = [read_block(stream.fileno(), index) for index in range(3)]
    assert blocks == [b"a" * BLOCK, (b"a" * 10).ljust(BLOCK, b"\0"), bytes(BLOCK)]
