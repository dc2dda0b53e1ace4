"""What the runner gives a courier to do on a host, and what the courier brings back."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, dataclass
from typing import Literal, Self

State = Literal["unreached", "lost", "over"]


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

    `output`, `shell` and `environ` are what the step left: `$RECIPE_OUTPUT`, its state, and the environment it found.
    """

    state: State = "lost"
    exit_code: int | None = None
    signal: str | None = None
    output: bytes = b""
    shell: bytes = b""
    environ: bytes = b""

    @classmethod
    def of_status(cls, status: str) -> Self:
        """Read `wait STATUS` (as wait(2) gives it) or `code CODE` (as a shell sees it); anything else is lost."""
        how, _, number = status.strip().partition(" ")
        if how not in {"wait", "code"} or not number.isascii() or not number.isdigit():
            return cls("lost")
        value = int(number)
        death = value & 0x7F if how == "wait" else max(0, value - 128)
        name = next((s.name for s in signal.Signals if s == death), f"signal {death}") if death else None
        if name is not None:
            return cls("over", None, name)
        return cls("over", value >> 8 if how == "wait" else value)

    def variables(self) -> dict[str, str]:
        """Return the environment that the step found."""
        pairs = (text.partition("=") for text in self.environ.decode("utf-8", "surrogateescape").split("\0"))
        return {name: value for name, equals, value in pairs if equals}

    def to_bytes(self) -> bytes:
        """Return the findings as the courier writes them."""
        head = {"state": self.state, "exit_code": self.exit_code, "signal": self.signal}
        sizes = [len(self.output), len(self.shell)]
        return json.dumps(head | {"sizes": sizes}).encode() + b"\n" + self.output + self.shell + self.environ

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; nothing at all, from a courier that did not come back, means lost."""
        if not data:
            return cls()
        line, _, body = data.partition(b"\n")
        head = json.loads(line)
        first, second = head["sizes"]
        shell = body[first : first + second]
        return cls(head["state"], head["exit_code"], head["signal"], body[:first], shell, body[first + second :])
