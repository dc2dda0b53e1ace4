"""A run as lines of JSON on standard output, for other programs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Event, Output, Resting, Ticking, Waiting, to_record
from recipe_runner.engine.preconditions.world import Finding


class JsonView:
    """Prints one object a line: `t` is the event's type, the other fields are those of the journal.

    Output is `{"t": "output", "step", "item", "stream", "text"}`, or `base64` where the bytes are not UTF-8.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def opening(self, run: str, signer: str | None, mode: str, *, onward: str = "resume", finished: int = 0) -> None:
        """Name the run."""
        self._print({"t": "session", "run": run, "signer": signer, "mode": mode})

    def preconditions(self, findings: Sequence[Finding]) -> None:
        """Print nothing: each precondition comes as an event."""

    def show(self, event: Event) -> None:
        """Print one event."""
        match event:
            case Output(stream="state") | Ticking() | Resting():
                return
            case Output():
                source = {"step": event.step, "item": event.item, "stream": event.stream}
                self._print({"t": "output", **source, **_data(event)})
            case Waiting():
                self._print({"t": "waiting", "step": event.step, "item": event.item, "left_s": round(event.left, 1)})
            case _:
                self._print({"t": event.type, **to_record(event)})

    def changes(self, differences: Sequence[str]) -> None:
        """Print each difference as an object of its own."""
        for difference in differences:
            self._print({"t": "change", "diff": difference})

    def closing(self, directory: Path, *, code: int, reason: str) -> None:
        """Print how the session ended."""
        self._print({"t": "end", "exit_code": code, "reason": reason, "directory": str(directory)})

    def _print(self, fields: Mapping[str, object]) -> None:
        print_object(self._terminal, fields)


def print_object(terminal: Terminal, fields: Mapping[str, object]) -> None:
    """Print a JSON object on a line of its own, in ASCII."""
    terminal.raw(json.dumps(fields) + "\n")


def _data(output: Output) -> dict[str, str]:
    try:
        return {"text": output.data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(output.data).decode()}
