"""Asking witnesses about many runs in one call of the program: what holds for all of them is asked once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from recipe_runner.errors import RecipeError

T = TypeVar("T")


@dataclass(slots=True)
class Inquiry:
    """What has been asked so far, answers and failures alike; `told` hears who is asked, before a wait begins.

    Used as a context, which ends what is held open for further questions.
    """

    told: Callable[[str], None] = lambda _: None
    _answers: dict[Hashable, Any] = field(default_factory=dict)
    _failures: dict[Hashable, RecipeError] = field(default_factory=dict)
    _held: ExitStack = field(default_factory=ExitStack)

    def once(self, who: str, key: Hashable, ask: Callable[[ExitStack], T]) -> T:
        """Return what `ask` answered when it was called with this key first, or raise again what it raised.

        What `ask` enters into the stack that it is given stays open until the inquiry ends.
        """
        if key in self._failures:
            raise self._failures[key]
        if key not in self._answers:
            self.told(who)
            try:
                self._answers[key] = ask(self._held)
            except RecipeError as error:
                self._failures[key] = error
                raise
        answer: T = self._answers[key]
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()
