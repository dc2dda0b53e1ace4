from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.journal.records import lines
from recipe_runner.journal.records.lines import DEPTH_CAP, LINE_CAP, Line, LineError, decode, encode

PREV = "0" * 64
TS = "2026-11-22T15:00:00.000001Z"
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.-", min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.from_regex(r"f[a-z0-9_]{0,6}", fullmatch=True), VALUES, max_size=4)


def line(**fields: Any) -> Line:
    """Return a line with these fields."""
    return Line(3, PREV, "note", TS, "17", fields)


def raw(**changes: Any) -> bytes:
    """Return a line's bytes with parts changed, written canonically."""
    whole = {"n": 3, "prev": PREV, "t": "note", "ts": TS, "mono_ns": "17", "text": "x"} | changes
    return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode() + b"\n"


@given(st.integers(0, 2**53 - 1), FIELDS)
def test_what_is_written_is_read_back(n: int, fields: dict[str, Any]) -> None:
    """Decoding an encoded line gives the same line, and only one byte sequence stands for it."""
    before = Line(n, PREV, "note", TS, "0", fields)
    written = encode(before)
    assert decode(written) == before
    assert encode(decode(written)) == written


@given(FIELDS)
def test_a_line_is_printable_ascii(fields: dict[str, Any]) -> None:
    """A line can be shown on any terminal: nothing but printable ASCII and the line feed at its end."""
    written = encode(Line(0, PREV, "note", TS, "0", fields))
    assert written[-1:] == b"\n"
    assert all(0x20 <= byte < 0x7F for byte in written[:-1])


@pytest.mark.parametrize(
    "damaged",
    [
        raw()[:-1],
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"no json\n",
        raw().replace(b'"n":3', b'"n": 3'),
        raw().replace(b'"n":3', b'"n":3.0'),
        raw().replace(b'"n":3', b'"n":3e0'),
        raw().replace(b'"n":3', b'"n":-0'),
        raw().replace(b'"n":3', b'"n":NaN'),
        raw().replace(b'"n":3', b'"n":true'),
        raw().replace(b'"n":3', b'"n":3,"n":3'),
        raw().replace(b'"n":3', b'"n":' + b"9" * 100_000),
        raw().replace(b'"x"', b'"\\u0078"'),
        raw().replace(b'"x"', b'"\\/"'),
        raw().replace(b'"x"', b'"\x7f"'),
        raw().replace(b'"x"', '"ä"'.encode()),
        raw().replace(b'"x"', b'"\\ud800"'),
        raw().replace(b'"x"', b'"\x00"'),
        raw() + raw(),
        b" " + raw(),
        b"\xef\xbb\xbf" + raw(),
        raw(n=-1),
        raw(n="3"),
        raw(n=2**53),
        raw(prev="0" * 63),
        raw(prev="A" * 64),
        raw(t="Note"),
        raw(t=3),
        raw(ts="2026-11-22T15:00:00Z"),
        raw(ts="2026-11-22 15:00:00.000001Z"),
        raw(ts=TS + "\n"),
        raw(mono_ns=17),
        raw(mono_ns="-1"),
        raw(mono_ns="017"),
        raw(mono_ns="1" * 20),
        raw(Text="x"),
        raw(text={"a b": 1}),
        raw(text=[2**53]),
        raw(text=[-(2**53)]),
        raw(text=0.5),
        b"[" * 100_000 + b"]" * 100_000 + b"\n",
    ],
)
def test_what_is_not_in_form_is_refused(damaged: bytes) -> None:
    """Whatever the format does not allow is refused in words, never read in some other way and never a crash."""
    with pytest.raises(LineError):
        decode(damaged)


@pytest.mark.parametrize("name", ["n", "prev", "t", "ts", "mono_ns"])
def test_each_line_has_its_envelope(name: str) -> None:
    """A line without its number, link, type or clocks is refused by the name of what it lacks."""
    whole = json.loads(raw())
    del whole[name]
    with pytest.raises(LineError, match=f"`{name}`"):
        decode(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode() + b"\n")


def test_a_line_may_be_as_long_as_the_cap() -> None:
    """A line of exactly 256 KiB is written and read; one byte more is refused on both sides."""
    room = LINE_CAP - len(encode(line(text="")))
    longest = encode(line(text="x" * room))
    assert len(longest) == LINE_CAP
    assert decode(longest).fields == {"text": "x" * room}
    with pytest.raises(LineError):
        encode(line(text="x" * (room + 1)))
    with pytest.raises(LineError, match="longer"):
        decode(longest[:-1] + b" \n")


def test_values_may_be_nested_as_deep_as_the_cap() -> None:
    """Nesting of 32 levels is allowed, of 33 not, in writing and in reading."""
    deep: Any = "x"
    for _ in range(DEPTH_CAP - 1):
        deep = [deep]
    assert decode(encode(line(text=deep))).fields == {"text": deep}
    with pytest.raises(LineError, match="nested"):
        encode(line(text=[[deep]]))
    with pytest.raises(LineError, match="nested"):
        decode(raw(text=[[deep]]))


@pytest.mark.parametrize("value", [0.5, 2**53, b"bytes", {1: 2}, {"": 1}, "\ud800", object()])
def test_only_plain_data_is_written(value: Any) -> None:
    """What a reader could not get back exactly is refused when it is written."""
    with pytest.raises(LineError):
        encode(line(text=value))


JUNK = st.sampled_from(
    [
        *(
            b"",
            b" ",
            b"\\",
            b"\\n",
            b"\\/",
            b"\\u0041",
            b"0",
            b"-",
            b"1.0",
            b"1e2",
            b"NaN",
            b"9" * 17,
            b",",
            b"{}",
            b"[]",
        ),
        *(
            b'"',
            b"\x7f",
            b"\xc3\xa4",
            b"\x00",
            b"\n",
            b"\r",
            b"true",
            b"null",
            b'"a":1,',
            b'"n":3,',
            b"[" * 40 + b"]" * 40,
        ),
        b'"z":{"b":1,"a":2},',
    ]
)


@given(st.integers(0, 2**53 - 1), FIELDS, st.data())
def test_what_is_read_is_what_would_be_written(n: int, fields: dict[str, Any], data: st.DataObject) -> None:
    """Whatever is put into a line, in whatever place, it is refused, or read to what is written with the same bytes."""
    written = encode(Line(n, PREV, "note", TS, "0", fields))
    place, length = data.draw(st.integers(0, len(written))), data.draw(st.integers(0, 3))
    changed = written[:place] + data.draw(JUNK | st.binary(max_size=2)) + written[place + length :]
    for raw_line in (written, changed, changed.rstrip(b"\n") + b"\n"):
        try:
            read = decode(raw_line)
        except LineError:
            assert raw_line != written
        else:
            assert encode(read) == raw_line


def test_hostile_names_are_not_remembered_by_the_thousand() -> None:
    """The memory of names that were sound has room for a few hundred only, however long they are."""
    assert lines._sound.cache_info().maxsize == lines._named.cache_info().maxsize == 256
