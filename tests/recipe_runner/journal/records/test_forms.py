from __future__ import annotations

import json
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.engine.events import Output, StepEnd, Ticking, Waiting, to_record
from recipe_runner.journal.records.forms import FORMS, ORDINARY, read
from recipe_runner.journal.records.lines import DEPTH_CAP, LINE_CAP, Line, LineError, decode, encode
from recipe_runner.journal.records.schema import ADDED, event_of
from tests.recipe_runner.journal.records.test_lines import JUNK, NAMES, PREV, TS, VALUES
from tests.recipe_runner.journal.runs import FULL, genesis

EXAMPLES = [event for event in [genesis(), *FULL] if not isinstance(event, Output | Waiting | Ticking)]
FILE = st.fixed_dictionaries({"sha256": st.just("0" * 64), "size": st.integers(-1, 9)}) | VALUES
TEXT = st.text(st.characters(max_codepoint=0x7E), max_size=8)
TEXTS = st.sampled_from([TEXT] * 9 + [st.text()]).flatmap(lambda texts: texts)
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)


def line(type_name: str, **fields: Any) -> Line:
    """Return a line of a type."""
    return Line(3, PREV, type_name, TS, "17", fields)


def value(name: str, hint: Any) -> st.SearchStrategy[Any]:
    """Make values for a field, mostly of its type."""
    if name in {"blobs", "receipt"}:
        streams = st.dictionaries(st.sampled_from(["stdout", "state", "stderr", "other"]), FILE, max_size=2)
        receipts = FILE.map(lambda file: {"file": "witnesses/2-tsa", **file} if isinstance(file, dict) else file)
        return st.just({}) | (streams if name == "blobs" else receipts)
    if get_origin(hint) is Literal:
        return st.sampled_from([*get_args(hint) * 5, "x"])
    if get_origin(hint) is dict:
        return st.dictionaries(NAMES, TEXTS | INTEGERS | VALUES, max_size=3)
    of: dict[Any, st.SearchStrategy[Any]] = {str: TEXTS, int: INTEGERS, bool: st.booleans()}
    of |= {str | None: st.none() | TEXTS, int | None: st.none() | INTEGERS}
    return of[hint]


@st.composite
def raw_lines(draw: st.DrawFn) -> bytes:
    """Write a line of an ordinary type whose fields are mostly in form, sometimes with something put into it."""
    kind = draw(st.sampled_from(ORDINARY))
    hints = get_type_hints(kind)
    fields = {f.name: draw(value(f.name, hints[f.name])) for f in msgspec.structs.fields(kind)}
    absent = {name for name, found in fields.items() if found is None or draw(st.integers(0, 49)) == 0}
    try:
        written = encode(line(kind.type, **{name: v for name, v in fields.items() if name not in absent}))
    except LineError:
        written = encode(line(kind.type))
    place, length = draw(st.integers(0, len(written))), draw(st.integers(0, 3))
    junk = draw(JUNK | st.binary(max_size=2))
    return draw(st.sampled_from([written, written[:place] + junk + written[place + length :]]))


def in_the_strict_way(raw: bytes) -> dict[str, Any]:
    """Return what a line says, by the readers that explain themselves."""
    found = decode(raw)
    event = event_of(found)
    return {"n": found.n, "prev": found.prev, "type": found.type, "ts": found.ts, "mono_ns": found.mono_ns} | {
        field.name: getattr(event, field.name) for field in msgspec.structs.fields(event)
    }


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_what_a_run_writes_is_ordinary(event: Any) -> None:
    """Each line without characters beyond ASCII is read at one go, as the strict way reads it."""
    added = dict.fromkeys(ADDED.get(type(event), ()))
    raw = encode(line(event.type, **to_record(event), **added))
    quick = read(raw, 3, PREV)
    assert (quick is None) == (event.type.encode() not in FORMS or b"\\u" in raw)
    if quick is not None:
        assert {name: getattr(quick, name) for name in in_the_strict_way(raw)} == in_the_strict_way(raw)


@given(raw_lines())
def test_nothing_is_ordinary_that_the_strict_way_refuses(raw: bytes) -> None:
    """Whatever stands in a line, in whatever place, it is read as the strict way reads it, or not at all."""
    quick = read(raw, 3, PREV)
    if quick is not None:
        assert {name: getattr(quick, name) for name in in_the_strict_way(raw)} == in_the_strict_way(raw)


def test_only_the_next_line_is_ordinary() -> None:
    """A line with another number, or that names another line before it, is left to the strict way."""
    raw = encode(line("note", text="x"))
    assert read(raw, 3, PREV) is not None
    assert read(raw, 4, PREV) is None
    assert read(raw, 3, "1" * 64) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"outputs": {"b": 1, "a": [{"d": 1, "c": 2}]}},
        {"outputs": {"a": 0.5}},
        {"outputs": {"a": 2**53}},
        {"outputs": {"a b": 1}},
        {"blobs": {"stdout": {"size": 1, "sha256": "0" * 64}}},
        {"blobs": {"stdout": {"sha256": "../passwd", "size": 1}}},
        {"blobs": {"stdin": {"sha256": "0" * 64, "size": 1}}},
        {"exit_code": 2**53},
        {"outcome": "fine"},
        {"more": 1},
    ],
)
def test_values_inside_values_are_checked(changed: dict[str, Any]) -> None:
    """What a form cannot say by itself (order and characters of names, numbers, files) keeps a line from passing."""
    whole = {"n": 3, "prev": PREV, "t": "step_end", "ts": TS, "mono_ns": "17"} | to_record(StepEnd(step="s"))
    raw = json.dumps(dict(sorted((whole | changed).items())), separators=(",", ":")).encode() + b"\n"
    assert read(raw, 3, PREV) is None
    with pytest.raises(LineError):
        event_of(decode(raw))


def test_caps_hold() -> None:
    """Lines as long and values as deep as the caps are ordinary; a byte or a level more is not."""
    room = LINE_CAP - len(encode(line("note", text="")))
    longest = encode(line("note", text="x" * room))
    assert read(longest, 3, PREV) is not None
    assert read(longest.replace(b"xx", b"xxx", 1), 3, PREV) is None
    deep: Any = "x"
    for _ in range(DEPTH_CAP - 2):
        deep = [deep]
    ended = encode(line("step_end", **to_record(StepEnd(step="s")) | {"outputs": {"a": deep}}))
    assert read(ended, 3, PREV) is not None
    assert read(ended.replace(b'"x"', b'["x"]'), 3, PREV) is None
    assert read(ended.replace(b'"x"', b"[" * 100_000 + b"]" * 100_000), 3, PREV) is None
