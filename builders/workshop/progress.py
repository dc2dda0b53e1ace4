"""What the builder tells while it works; the console's terminal is one, a test's silence another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Progress(Protocol):
    """Somebody who is told how the work goes on; the texts are safe to show."""

    def note(self, text: str) -> None:
        """Tell one fact."""
        ...

    def warn(self, text: str) -> None:
        """Tell something the person should look at."""
        ...

    def phase(self, title: str) -> AbstractContextManager[object]:
        """Mark the time one phase takes."""
        ...

    def progress(self, title: str, total: float | None) -> AbstractContextManager[Callable[[float], None]]:
        """Show how far something is; the function that is given takes how much more has been done."""
        ...
