"""Everything that may stand between the braces of a step, and what it is turned into."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from recipe_runner.language.conditions import parse_condition
from recipe_runner.language.durations import parse_duration
from recipe_runner.sanitise import line

BLOCK, ACTION, MANUAL = "block", "action", "manual"
EVERY = frozenset({BLOCK, ACTION, MANUAL})
RUNS = frozenset({BLOCK, ACTION})
ROLES = ("check", "verify", "undo")
NAMES = {BLOCK: "a block", ACTION: "an action", MANUAL: "a manual item", "script": "a script with a role"}
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")


class Rule(Struct, frozen=True):
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
        duration = parse_duration(value)
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
    "when": Rule(EVERY, parse_condition, "skip the step unless this condition holds"),
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
