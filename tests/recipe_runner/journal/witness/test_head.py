from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.journal.witness.head import Head, heads
from tests.recipe_runner.journal.runs import RUN, write_run

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
HEADS = st.builds(
    Head,
    st.binary(min_size=16, max_size=16).map(bytes.hex),
    st.integers(0, 1_000_000),
    st.integers(0, 10**14),
    DIGESTS,
    DIGESTS,
)


@given(HEADS)
def test_a_statement_says_all(head: Head) -> None:
    """What a witness keeps can be read back whole."""
    assert Head.parse(head.statement()) == head


@given(HEADS, st.data())
def test_only_statements_are_read(head: Head, data: st.DataObject) -> None:
    """Bytes that are not exactly a statement are none."""
    said = head.statement()
    place = data.draw(st.integers(0, len(said)))
    assert Head.parse(said[:place] + b"\x00" + said[place:]) is None
    assert Head.parse(said[:-1]) is None
    assert Head.parse(said + b"\n") is None


def test_heads_are_read_off_the_file(tmp_path: Path) -> None:
    """A head is the sha256 of the first lines, and of the last of them, as `head` and `sha256sum` would say."""
    run = write_run(tmp_path / RUN, None)
    lines = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    found = heads(run, RUN, [1, 3, len(lines), len(lines) + 1, 0])
    assert sorted(found) == [1, 3, len(lines)]
    for records, head in found.items():
        part = b"".join(lines[:records])
        sums = hashlib.sha256(part).hexdigest(), hashlib.sha256(lines[records - 1]).hexdigest()
        assert head == Head(RUN, records, len(part), *sums)
