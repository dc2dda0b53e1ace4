"""Faults as facts: where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """What the process tells its caller; `recipe verify` has codes of its own (docs/reference/exit-codes.md)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PRECONDITION = 3
    VERIFICATION = 4
    INCOMPLETE = 5
    BUG = 70
    INTERRUPTED = 130
    CLOSED_PIPE = 141


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters on one line of a file.

    `line` and `column` count from 1, `column` and `length` in Unicode code points; `text` is the whole line
    without its line end, so that a diagnostic can be shown without reading the file again.
    """

    path: str
    line: int
    column: int = 1
    length: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: lower-case message with names in backticks, an imperative hint, a stable code such as `R001`."""

    message: str
    span: Span | None = None
    hint: str | None = None
    code: str | None = None


class RecipeError(Exception):
    """Something the user can mend; carries every fault that was found, never only the first."""

    exit_code = ExitCode.FAILED

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n".join(d.message for d in diagnostics))
        self.diagnostics = diagnostics

    @classmethod
    def because(cls, message: str, *, hint: str | None = None) -> Self:
        """Make the error of a single fault that has no place in a file."""
        return cls(Diagnostic(message, hint=hint))


class UsageError(RecipeError):
    """The command line, or a file named on it, cannot be used."""

    exit_code = ExitCode.USAGE


class InvalidRecipeError(UsageError):
    """The recipe has faults; nothing has been run."""


class UnmetError(RecipeError):
    """Something that must hold before the work may start does not hold: a precondition, a key, a tool, a lock."""

    exit_code = ExitCode.PRECONDITION


class VerificationError(RecipeError):
    """A signature, a checksum or a read-back does not agree with what was promised."""

    exit_code = ExitCode.VERIFICATION


class IncompleteError(RecipeError):
    """The work stopped half-way, on purpose or not, and can be continued."""

    exit_code = ExitCode.INCOMPLETE


def gather(faults: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Order faults as a reader meets them: by file, line and column; those without a place last."""
    return tuple(
        sorted(faults, key=lambda d: (d.span is None, d.span and (d.span.path, d.span.line, d.span.column))),
    )
