"""mke2fs 1.47.1 or later: older ones cannot read a tar archive and do not make the same bytes twice.

Where the machine's own is older (Debian 12 has 1.47.0), a newer one from the suite's backports is unpacked privately
in the user's cache; the machine's own stays as it is.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builders.workshop.apt import unpack_privately
from builders.workshop.command import Commands, ToolError
from builders.workshop.machine import backports, machine_codename, machine_sources
from builders.workshop.progress import Progress
from recipe_runner.errors import RecipeError, UnmetError

OLDEST = (1, 47, 1)
PACKAGES = ("e2fsprogs", "libext2fs2", "libcom-err2", "libss2")
_WANTED = ".".join(map(str, OLDEST))


@dataclass(frozen=True, slots=True)
class Mke2fs:
    """A usable mke2fs: where it is and what it must find in its environment."""

    path: Path
    version: tuple[int, ...]
    environ: Mapping[str, str] = field(default_factory=dict)


def known_mke2fs(commands: Commands, cache: Path) -> Mke2fs | None:
    """Return the machine's mke2fs, else the privately unpacked one; None where `find_mke2fs` would fetch."""
    own = _own(commands)
    if own and own.version >= OLDEST:
        return own
    return _unpacked(_home(cache), commands)


def find_mke2fs(commands: Commands, cache: Path, progress: Progress) -> Mke2fs:
    """Return the machine's mke2fs, else the privately unpacked one, else fetch that; raises UnmetError."""
    if known := known_mke2fs(commands, cache):
        return known
    own, codename, home = _own(commands), machine_codename(), _home(cache)
    found = f"this machine's is {_text(own.version)}" if own else "this machine has none"
    progress.note(f"fetching mke2fs {_WANTED} or later into {home} for this program alone: {found}")
    try:
        unpack_privately(home, [backports(codename or "", machine_sources())], PACKAGES, commands)
    except (RecipeError, OSError) as fault:
        if isinstance(fault, ToolError):
            progress.warn(fault.said)
        raise UnmetError.because(
            f"no mke2fs {_WANTED} or later: {found}, and that of `{codename}-backports` cannot be had",
            hint=f"install e2fsprogs {_WANTED} or later, or mend the network and run this again",
        ) from fault
    unpacked = _unpacked(home, commands)
    if unpacked is None:
        raise UnmetError.because(
            f"the mke2fs of `{codename}-backports` in `{home}` does not run or is older than {_WANTED}",
            hint=f"remove `{home}` or install e2fsprogs {_WANTED} or later",
        )
    return unpacked


def _own(commands: Commands) -> Mke2fs | None:
    return _probe(Path("mke2fs"), {}, commands)


def _home(cache: Path) -> Path:
    return cache / "tools" / f"e2fsprogs-{machine_codename()}-backports"


def _unpacked(home: Path, commands: Commands) -> Mke2fs | None:
    libraries = sorted(str(path.parent) for path in home.glob("root/**/libext2fs.so.2"))
    program = next((p for p in (home / "root/sbin/mke2fs", home / "root/usr/sbin/mke2fs") if p.exists()), None)
    if program is None or not libraries:
        return None
    found = _probe(program, {"LD_LIBRARY_PATH": ":".join(libraries)}, commands)
    return found if found and found.version >= OLDEST else None


def _probe(program: Path, environ: Mapping[str, str], commands: Commands) -> Mke2fs | None:
    with tempfile.NamedTemporaryFile() as said:
        asking = Commands(Path(said.name), {**commands.environ, **environ})
        try:
            asking.run(program, "-V")
        except RecipeError:
            return None
        found = re.search(rb"^mke2fs (\d+(?:\.\d+)+)", said.read(), re.MULTILINE)
    return Mke2fs(program, tuple(map(int, found[1].split(b"."))), environ) if found else None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
