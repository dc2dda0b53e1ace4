"""The forms of ordinary lines in compiled code: such a line is read and checked at one go.

It is exactly what its form writes again, so its fields are those of its type, in order and none twice. Every other
line gets None: the strict way (`lines.decode`, `schema.event_of`) judges it and says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from recipe_runner.engine.events import (
    Abort,
    Close,
    Confirm,
    Deviation,
    Note,
    Precondition,
    Recorded,
    Skip,
    StepEnd,
    StepStart,
    Witnessed,
)
from recipe_runner.journal.records.lines import DEPTH_CAP, INTEGER_CAP, LINE_CAP, LineError, sound_values
from recipe_runner.journal.records.schema import check_files

ORDINARY: tuple[type[Recorded], ...] = (
    *(Precondition, StepStart, StepEnd, Confirm, Skip, Deviation, Note, Witnessed, Abort, Close),
)
"""Events to which the journal adds nothing, and which are no more than their fields."""
Whole = Annotated[int, msgspec.Meta(gt=-INTEGER_CAP, lt=INTEGER_CAP)]
WHOLE: dict[Any, Any] = {int: Whole, int | None: Whole | None}
CLOCKS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\n(0|[1-9]\d{0,18})\Z", re.ASCII)
"""The texts of both clocks, a line feed between them: MOMENT and COUNT at one go."""
TYPE = b'"t":"'


class Form(NamedTuple):
    """What reads lines of a type, and which of their fields hold values inside values."""

    read: Callable[[bytes], Any]
    nested: tuple[str, ...]

    @classmethod
    def of(cls, event: type[Recorded]) -> Form:
        """Make the form of an event's type: a null value is left out, every other field is there."""
        own = msgspec.structs.fields(event)
        fields: dict[str, Any] = {"n": Whole, "prev": str, "t": Literal[event.type], "ts": str, "mono_ns": str}
        fields |= {f.name: WHOLE.get(f.type, f.type) for f in own}
        absent = {f.name: (None,) for f in own if f.default is None}
        line = msgspec.defstruct(
            event.type,
            [("type" if name == "t" else name, fields[name], *absent.get(name, ())) for name in sorted(fields)],
            rename={"type": "t"},
            omit_defaults=True,
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        return cls(msgspec.json.Decoder(line).decode, tuple(name for name in fields if _nests(fields[name])))


def _nests(hint: object) -> bool:
    return get_origin(hint) in {dict, list} or any(map(_nests, get_args(hint)))


FORMS = {event.type.encode(): Form.of(event) for event in ORDINARY}
_write = msgspec.json.Encoder().encode


def read(raw: bytes, n: int, head: str) -> Any:  # noqa: ANN401 - twins of many events
    """Return line `n`, the one before having the sha256 `head`, or None where it is not ordinary.

    It has the attributes of an Envelope, and those of its event.
    """
    at = raw.rfind(TYPE) + len(TYPE)
    form = FORMS.get(raw[at : raw.find(b'"', at)])
    if form is None or not raw.isascii() or b"\x7f" in raw or len(raw) > LINE_CAP:
        return None
    try:
        line = form.read(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    if line.n != n or line.prev != head or _write(line) + b"\n" != raw:
        return None
    if not CLOCKS.match(f"{line.ts}\n{line.mono_ns}"):
        return None
    if form.nested:
        nested = [value for name in form.nested if (value := getattr(line, name))]
        if nested and not (sound_values(nested, DEPTH_CAP - 1) and _names_files(line)):
            return None
    return line


def _names_files(event: Recorded) -> bool:
    try:
        check_files(event)
    except LineError:
        return False
    return True
