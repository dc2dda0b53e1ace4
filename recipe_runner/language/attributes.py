"""Everything that may stand between the braces of a step, and what it is turned into."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from recipe_runner.errors import Diagnostic, Span
from recipe_runner.language.codes import Code
from recipe_runner.language.conditions import parse_condition
from recipe_runner.language.durations import parse_duration
from recipe_runner.language.infostring import Attribute
from recipe_runner.language.suggestions import did_you_mean
from recipe_runner.sanitise import line

BLOCK, ACTION, MANUAL = "block", "action", "manual"
EVERY = frozenset({BLOCK, ACTION, MANUAL})
RUNS = frozenset({BLOCK, ACTION})
ROLES = ("check", "verify", "undo")
NAMES = {BLOCK: "a block", ACTION: "an action", MANUAL: "a manual item", "script": "a script with a role"}
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")


@dataclass(frozen=True, slots=True)
class Rule:
    """One attribute: the kinds of step that may have it, its converter (raises ValueError), what it means."""

    kinds: frozenset[str]
    convert: Callable[[str], object]
    meaning: str
    needs: str | None = None


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("found nothing, wanted a text")
    return value


def _word(value: str) -> str:
    if not WORD.fullmatch(value):
        raise ValueError(f"found {_shown(value)}, wanted a word")
    return value


def _name(value: str) -> str:
    if not value.isidentifier():
        raise ValueError(f"found {_shown(value)}, wanted the name of a list parameter")
    return value


def _count(least: int) -> Callable[[str], int]:
    def convert(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,4}", value) or int(value) < least:
            raise ValueError(f"found {_shown(value)}, wanted a whole number from {least} to 9999")
        return int(value)

    return convert


def _duration(*, zero: bool = False) -> Callable[[str], timedelta]:
    def convert(value: str) -> timedelta:
        try:
            duration = parse_duration(value)
        except ValueError:
            raise ValueError(f"found {_shown(value)}, wanted a duration such as `90s` or `5m`") from None
        if not duration and not zero:
            raise ValueError(f"found {_shown(value)}, wanted a duration longer than nothing")
        return duration

    return convert


def _shown(value: str) -> str:
    return f"`{line(value)}`" if value.strip() else "nothing"


PAIRS: dict[str, Rule] = {
    "confirm": Rule(EVERY, _text, "the question asked before running; `${name}` is expanded"),
    "approve": Rule(EVERY, _count(1), "the number of signatures wanted from other people than the operator"),
    "by": Rule(EVERY, _word, "the role whose members may approve", needs="approve"),
    "role": Rule(EVERY, _word, "who may run it"),
    "timeout": Rule(RUNS, _duration(), "the longest it may run before it is stopped"),
    "retries": Rule(RUNS, _count(0), "how often it is run again after a failure"),
    "retry-delay": Rule(RUNS, _duration(zero=True), "the pause before it is run again", needs="retries"),
    "wait": Rule(RUNS, _duration(), "run repeatedly until it succeeds or this long has passed"),
    "every": Rule(RUNS, _duration(), "the pause between two tries of `wait`", needs="wait"),
    "when": Rule(EVERY, parse_condition, "skip the step unless this holds"),
    "each": Rule(EVERY, _name, "run once for each value of this list parameter"),
    "parallel": Rule(RUNS, _count(1), "how many of `each` run at the same time", needs="each"),
    "on": Rule(frozenset({BLOCK}), _text, "the host on which it runs, over OpenSSH; `${name}` is expanded"),
    "dir": Rule(frozenset({BLOCK}), _text, "the working directory; `${name}` is expanded"),
    "action": Rule(frozenset({ACTION}), _text, "the kind of action whose arguments the YAML gives"),
}
FLAGS: dict[str, Rule] = {
    "irreversible": Rule(EVERY, bool, "a point of no return: its id is typed to confirm, `--yes` alone is not enough"),
    "tty": Rule(frozenset({BLOCK}), bool, "give it a terminal"),
    "optional": Rule(EVERY, bool, "a failure may be accepted with a reason"),
}
SCRIPT_PAIRS: dict[str, Rule] = {
    "for": Rule(frozenset({"script"}), _text, "the step the script belongs to"),
    "timeout": Rule(frozenset({"script"}), _duration(), "the longest it may run before it is stopped"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The converted values by field name (`retry_delay`), and where each was written."""

    values: dict[str, object]
    places: dict[str, Span]
    faults: list[Diagnostic]


def read_attributes(attributes: tuple[Attribute, ...], kind: str) -> Reading:
    """Convert the flags and pairs of a step of `kind` (or of a `script` with a role); ids and roles are passed over."""
    reading = Reading({}, {}, [])
    pairs = SCRIPT_PAIRS if kind == "script" else PAIRS
    for attribute in attributes:
        if attribute.kind == "id" or (attribute.kind == "class" and attribute.name in ROLES):
            continue
        table = pairs if attribute.kind == "pair" else FLAGS
        rule = table.get(attribute.name)
        if rule is None or kind not in rule.kinds:
            reading.faults.append(_unknown(attribute, kind))
            continue
        field = attribute.name.replace("-", "_")
        try:
            reading.values[field] = True if attribute.kind == "class" else rule.convert(attribute.value)
            reading.places[field] = attribute.value_span
        except ValueError as error:
            reading.faults.append(
                Diagnostic(f"`{attribute.name}`: {error}", attribute.value_span, None, Code.ATTRIBUTE_VALUE)
            )
    written = {attribute.name for attribute in attributes}
    reading.faults.extend(
        Diagnostic(
            f"`{attribute.name}` means nothing without `{rule.needs}`",
            attribute.span,
            f"add `{rule.needs}=…`, or remove it",
            Code.ATTRIBUTE_ALONE,
        )
        for attribute in attributes
        if attribute.kind == "pair" and (rule := pairs.get(attribute.name)) and rule.needs and rule.needs not in written
    )
    return reading


def _unknown(attribute: Attribute, kind: str) -> Diagnostic:
    name = attribute.name
    shown = f".{name}" if attribute.kind == "class" else name
    pairs = SCRIPT_PAIRS if kind == "script" else PAIRS
    if (rule := (FLAGS if attribute.kind == "class" else {**PAIRS, **SCRIPT_PAIRS}).get(name)) is not None:
        places = " and ".join(NAMES[k] for k in sorted(rule.kinds))
        hint = "write it on the step itself" if kind == "script" else f"remove it, it is for {places}"
        return Diagnostic(f"{NAMES[kind]} cannot have `{line(shown)}`", attribute.span, hint, Code.ATTRIBUTE_PLACE)
    return Diagnostic(
        f"unknown {'flag' if attribute.kind == 'class' else 'attribute'} `{line(shown)}`",
        attribute.span,
        _meant(attribute, pairs, kind),
        Code.UNKNOWN_ATTRIBUTE,
    )


def _meant(attribute: Attribute, pairs: dict[str, Rule], kind: str) -> str:
    flags = [name for name, rule in FLAGS.items() if kind in rule.kinds] + list(ROLES if kind != MANUAL else ())
    known = [name for name, rule in pairs.items() if kind in rule.kinds]
    name = attribute.name
    if attribute.kind == "class" and name in known:
        return f"write `{name}=…`"
    if attribute.kind == "pair" and name in flags:
        return f"write `.{name}`"
    if attribute.kind == "pair" and name == "id":
        return f"write `#{attribute.value}`"
    near = did_you_mean(name, flags if attribute.kind == "class" else known)
    if near:
        return f"did you mean `{'.' if attribute.kind == 'class' else ''}{near}`?"
    choices = [f".{flag}" for flag in flags] if attribute.kind == "class" else known
    return "use one of " + ", ".join(f"`{choice}`" for choice in choices)


def roles(attributes: tuple[Attribute, ...]) -> Iterator[Attribute]:
    """Yield the roles among the flags."""
    return (a for a in attributes if a.kind == "class" and a.name in ROLES)
