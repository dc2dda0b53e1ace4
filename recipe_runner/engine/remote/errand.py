"""What the runner gives a courier to do on a host, and what the courier brings back."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import asdict, dataclass
from typing import Literal, Self

State = Literal["unreached", "lost", "over"]
STATUS = re.compile(r"(wait|code) (\d{1,5})", re.ASCII)
HIGHEST = 255
"""The highest exit code (wait(2))."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One step to run: two ssh commands, the texts to carry over, and the descriptors to use.

    `supervisor` is the command that reads `supervise.sh`, `runner` the one to which the remote file to run is added.
    The courier leaves when `lifeline` ends, and writes its findings to `result`.
    """

    supervisor: tuple[str, ...]
    runner: tuple[str, ...]
    start: str
    source: str
    prologue: str
    lifeline: int
    result: int

    def to_text(self) -> str:
        """Return the errand as it is handed over."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "supervisor": tuple(fields["supervisor"]), "runner": tuple(fields["runner"])})


@dataclass(frozen=True, slots=True)
class Findings:
    """How it went. `unreached`: nothing was run; `lost`: nobody knows; `over`: ended with a code or by a signal.

    `output`, `shell` and `environ` are what the step left: `$RECIPE_OUTPUT` (None where that is no file any more), its
    state, and the environment it found.
    """

    state: State = "lost"
    exit_code: int | None = None
    signal: str | None = None
    output: bytes | None = b""
    shell: bytes = b""
    environ: bytes = b""

    @classmethod
    def of_status(cls, status: str) -> Self:
        """Read `wait STATUS` (as wait(2) gives it) or `code CODE` (as a shell sees it); anything else is lost.

        A code stands for a signal where there is one with that number less 128.
        """
        found = STATUS.fullmatch(status.strip())
        if found is None:
            return cls("lost")
        value = int(found[2])
        code, death = (value >> 8, value & 0x7F) if found[1] == "wait" else (value, value - 128)
        if code > HIGHEST:
            return cls("lost")
        if 0 < death < signal.NSIG:
            return cls("over", None, next((s.name for s in signal.Signals if s == death), f"signal {death}"))
        return cls("over", code)

    def variables(self) -> dict[str, str]:
        """Return the environment that the step found."""
        pairs = (text.partition("=") for text in self.environ.decode("utf-8", "surrogateescape").split("\0"))
        return {name: value for name, equals, value in pairs if equals}

    def to_bytes(self) -> bytes:
        """Return the findings as the courier writes them."""
        head = {"state": self.state, "exit_code": self.exit_code, "signal": self.signal}
        sizes = [None if self.output is None else len(self.output), len(self.shell)]
        body = (self.output or b"") + self.shell + self.environ
        return json.dumps(head | {"sizes": sizes}).encode() + b"\n" + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; nothing at all, from a courier that did not come back, means lost."""
        if not data:
            return cls()
        line, _, body = data.partition(b"\n")
        head = json.loads(line)
        first, second = head["sizes"]
        output = None if first is None else body[:first]
        left = body[first or 0 :]
        return cls(head["state"], head["exit_code"], head["signal"], output, left[:second], left[second:])
