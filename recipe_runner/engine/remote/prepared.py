"""How code becomes a courier's errand, and a courier's findings the end of a step."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from recipe_runner.engine.processes.process import Command, Ended
from recipe_runner.engine.remote.connection import ALONG, Connection
from recipe_runner.engine.remote.errand import Errand, Findings
from recipe_runner.engine.shell import Code, Surroundings
from recipe_runner.errors import RecipeError
from recipe_runner.memory import content, memory

COURIER = "recipe_runner.engine.remote.courier"
START = Path(__file__).with_name("start.sh")
SOURCE, PROLOGUE, LEFT = 3, 4, 5
"""The descriptors on which the step finds its texts and leaves its state; `start.sh` opens them."""
UNREACHED = 255
"""The exit code of ssh where it cannot do what it is told (ssh(1))."""
INTERRUPTED = 130
TERMINAL = ("-tt", "-e", "none", "-o", "LogLevel=ERROR", *ALONG[1:])


@dataclass(frozen=True, slots=True)
class Outing:
    """A courier ready to leave, and the descriptor on which it will write what it found."""

    command: Command
    result: int

    def findings(self) -> Findings:
        """Return what the courier found."""
        return Findings.from_bytes(content(self.result))


def settled(courier: Ended, findings: Findings) -> Ended:
    """Say how the step ended, from how its courier did and from what that found.

    A time limit or an interrupt stays what it is as long as the host confirmed the end; without that the step is lost.
    """
    match findings:
        case Findings(state="lost"):
            return Ended("lost", None, None, courier.duration_ms)
        case Findings(state="unreached"):
            ended = Ended("failed", UNREACHED, None, courier.duration_ms)
        case Findings(exit_code=0):
            ended = Ended("ok", 0, None, courier.duration_ms)
        case Findings(exit_code=code, signal=name):
            interrupted = name == "SIGINT" or code == INTERRUPTED
            ended = Ended("interrupted" if interrupted else "failed", code, name, courier.duration_ms)
    stopped = courier.outcome in {"timeout", "interrupted"}
    return replace(ended, outcome=courier.outcome) if stopped else ended


def unreached() -> Ended:
    """Say how a step ended that could not begin because its host could not be reached."""
    return Ended("failed", UNREACHED, None, 0)


@contextmanager
def outing(
    code: Code,
    around: Surroundings,
    connection: Connection,
    *,
    timeout: float | None,
    terminal: bool,
) -> Iterator[Outing]:
    """Make the command that runs code on a host; its descriptors are closed at the end of the `with` block.

    Of the environment of `around` the host gets only what the runner itself has put there: it has its own.
    """
    own = {
        name: text for name, text in around.environ.items() if name.startswith("RECIPE_") and name != "RECIPE_OUTPUT"
    }
    exports = [f"export {name}={shlex.quote(text)}\n" for name, text in {**own, **code.exported}.items()]
    boot = code.boot(source=SOURCE, prologue=PROLOGUE, state=LEFT)
    start = f"boot={shlex.quote(boot)}\nname={shlex.quote(around.name)}\n{START.read_text(encoding='utf-8')}"
    with memory() as result:
        errand = Errand(
            supervisor=connection.argv("bash --noprofile --norc -s"),
            runner=connection.argv(options=TERMINAL if terminal else ALONG),
            start=start,
            source=code.source,
            prologue="".join(exports) + code.prologue,
            lifeline=connection.lifeline,
            result=result,
        )
        if "\0" in errand.start + errand.source + errand.prologue:
            raise RecipeError.because(f"`{around.name}`: a NUL cannot be handed to a shell")
        with memory(errand.to_text()) as given:
            argv = (sys.executable, "-m", COURIER, str(given))
            yield Outing(
                Command(argv, around.environ, None, (given, result, connection.lifeline), timeout, terminal), result
            )
