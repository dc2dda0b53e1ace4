"""The bench one build is made on: its scratch directory, its tools' environment, its cache, its listener."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builders.claims import claimed
from builders.images.definition import Definition
from builders.images.serial import Identity, Serial
from builders.logs import prune
from builders.workshop.command import PATH, Commands, ToolError
from builders.workshop.margin import MEMORY, Margin, available_memory
from builders.workshop.progress import Progress
from recipe_runner.errors import UnmetError

PASSED_ON = ("HOME", "http_proxy", "https_proxy", "ftp_proxy", "no_proxy")
"""The variables that tools of a build get from the caller; package scripts have no business with the others."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything the phases of one build share."""

    definition: Definition
    serial: Serial
    work: Path
    cache: Path
    commands: Commands
    progress: Progress

    @property
    def temporary(self) -> Path:
        """Where tools keep what they need for a moment."""
        return self.work / "tmp"

    @property
    def confined_temporary(self) -> Path:
        """What stands in its place for confined tools: nothing in it is to be trusted."""
        return self.work / "confined-tmp"

    @property
    def identity(self) -> Identity:
        """The identifiers of what is being made."""
        definition = self.definition
        return Identity(definition.codename, definition.architecture, self.serial, definition.flavour)


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return this program's cache of the user (XDG base directory specification)."""
    base = environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "recipe-runner"


def scratch_parent(size: int, environ: Mapping[str, str] = os.environ) -> Path:
    """Choose where to work: TMPDIR where set, else memory where `size` bytes fit twice over, else the temporary folder.

    A root file system is made about a third faster in memory: dpkg syncs every file. Raises UnmetError for a place
    that other users cannot enter: apt would then not work as its own user, and leave other owners in the image.
    """
    parent = Path(environ.get("TMPDIR") or tempfile.gettempdir()).resolve()
    if not environ.get("TMPDIR") and os.access(MEMORY, os.W_OK):
        free = min(shutil.disk_usage(MEMORY).free, available_memory())
        if free >= 2 * size:
            parent = MEMORY
    closed = [path for path in (parent, *parent.parents) if not path.stat().st_mode & stat.S_IXOTH]
    if closed:
        raise UnmetError.because(
            f"cannot work in `{parent}`: other users, apt's own among them, cannot enter `{closed[0]}`",
            hint="set TMPDIR to a directory that every user may enter",
        )
    return parent


def drawn_bench(definition: Definition, serial: Serial, progress: Progress) -> Bench:
    """Return a bench that is not there, for those who only want to know what would be done on it."""
    work = scratch_parent(definition.disk.size) / "WORK"
    commands = Commands(Path(os.devnull), tool_environment(serial, work / "tmp"))
    return Bench(definition, serial, work, cache_directory(), commands, progress)


@contextmanager
def bench(definition: Definition, serial: Serial, parent: Path, progress: Progress) -> Iterator[Bench]:
    """Give a bench whose scratch directory is removed at the end, also after a kill by the next build.

    While it is in use the process's file mode mask is the usual one: apt's own user must read what is made for it.
    """
    mask = os.umask(0o022)
    try:
        scratch = claimed(parent, f"recipe-image-{os.getuid()}-", str(serial), mode=0o711)
        with scratch as work:
            log = work / "build.log"
            log.touch()
            commands = Commands(log, tool_environment(serial, work / "tmp"), Margin.of(work))
            made = Bench(definition, serial, work, cache_directory(), commands, progress)
            for place in (made.temporary, made.confined_temporary):
                place.mkdir()
                place.chmod(0o1777)  # apt checks signatures as a user of its own
            try:
                yield made
            except ToolError as fault:
                kept = _keep(log, cache_directory() / "failed" / f"{definition.member}-{serial}.log")
                progress.warn(f"the last lines before the failure ({kept}):\n{fault.said}")
                raise
    except PermissionError as fault:
        raise UnmetError.because(f"cannot work in `{parent}`: {fault.strerror}", hint="set TMPDIR") from fault
    finally:
        os.umask(mask)


def tool_environment(serial: Serial, temporary: Path) -> dict[str, str]:
    """Return all that a build's tools find in their environment."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed | {
        "PATH": PATH,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": str(temporary),
        "SOURCE_DATE_EPOCH": str(serial.epoch),
    }


def _keep(log: Path, kept: Path) -> str:
    """Keep the log and say where; that it cannot be kept takes nothing from the failure."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, kept)
        prune(kept.parent)
    except OSError as fault:
        return f"the others are lost: {kept}: {fault.strerror}"
    return f"all of them are in {kept}"
