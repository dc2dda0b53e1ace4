"""Building a build again from what it says of itself, and comparing every file."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builders.build.buildinfo import parse_info, sources_of
from builders.build.image import build_image, converted
from builders.claims import claimed
from builders.distros.check import load_definition
from builders.images.definition import Definition
from builders.images.serial import Serial
from builders.images.writing import DEFINITION
from builders.publish.signing import certificate
from builders.publish.sums import digest, parse_sums, verify_sums
from builders.publish.tree import BUILD_INFO, SUMS, Tree
from builders.workshop.bench import scratch_parent
from builders.workshop.progress import Progress
from builders.workshop.tools import room_needed
from recipe_runner.errors import UnmetError, UsageError, VerificationError
from recipe_runner.sanitise import line, visible

Verdict = Literal["same", "different", "not made again", "new", "changed since", "missing"]
_DIFFOSCOPE = "diffoscope"
_BRIEF = ("--max-text-report-size", "20000", "--max-diff-block-lines", "40")
"""Bytes and lines: of two disks whose files have other times, diffoscope would show every inode."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One file by its name in the build: the sha256 promised there, that of the file made again, and the verdict.

    `changed since` and `missing` speak of the build itself: its file is not the one its own checksums promise.
    """

    name: str
    promised: str | None
    remade: str | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A build made again in `directory`: each file compared, and the suites whose index is another one now."""

    directory: Path
    files: tuple[Compared, ...]
    moved: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Say whether every file came out the same."""
        return all(file.verdict == "same" for file in self.files)


@contextmanager
def reproduce(
    built: Path, *, progress: Progress, key: str | None = None, outside_hooks: bool = False
) -> Iterator[Reproduction]:
    """Build the serial directory `built` again in a scratch place that is removed when the block ends.

    Where `key` (a fingerprint) is given, the build's signature must be that key's. Raises VerificationError for
    checksums that cannot be believed, UsageError for a directory that does not say what it was made from.
    """
    promised = _promised(built, key)
    definition, serial, info = _said(built, promised)
    with ExitStack() as stack:
        with converted(built):
            parent = scratch_parent(2 * room_needed(definition))
            scratch = stack.enter_context(claimed(parent, "recipe-reproduce-", str(serial), mode=0o711))
        remade = build_image(definition, serial, Tree(scratch), progress=progress, outside_hooks=outside_hooks)
        digests = parse_sums((remade / SUMS).read_bytes())
        before = sources_of(info)
        now = sources_of(parse_info((remade / BUILD_INFO).read_text("utf-8")))
        moved = tuple(suite for suite in sorted({*before, *now}) if before.get(suite) != now.get(suite))
        yield Reproduction(remade, compare(built, promised, digests), moved)


def compare(built: Path, promised: Mapping[str, str], remade: Mapping[str, str]) -> tuple[Compared, ...]:
    """Compare by name what `built` promises, and really holds, with what was made again."""
    return tuple(
        Compared(
            name, promised.get(name), remade.get(name), _verdict(built / name, promised.get(name), remade.get(name))
        )
        for name in sorted({*promised, *remade})
    )


def require_diffoscope() -> None:
    """Raise UnmetError where `explain` has no diffoscope; one of a virtual environment will do."""
    if shutil.which(_DIFFOSCOPE) is None:
        raise UnmetError.because(f"`{_DIFFOSCOPE}` is not installed", hint="apt install diffoscope-minimal")


def explain(built: Path, reproduction: Reproduction) -> Iterator[str]:
    """Give diffoscope's words on each file that differs, safe to show; it must be installed."""
    for file in reproduction.files:
        if file.verdict == "different":
            pair = (built.resolve() / file.name, reproduction.directory / file.name)
            done = subprocess.run([_DIFFOSCOPE, *_BRIEF, "--text", "-", *pair], capture_output=True, check=False)
            yield visible((done.stdout + done.stderr).decode("utf-8", "replace"))


def _promised(built: Path, key: str | None) -> Mapping[str, str]:
    if key:
        return verify_sums(built, certificates=[certificate(key)], primaries=frozenset({key})).digests
    try:
        return parse_sums((built / SUMS).read_bytes(), path=str(built / SUMS))
    except OSError as fault:
        raise UsageError.because(
            f"cannot read `{line(str(built / SUMS))}`: {fault.strerror}", hint="name the directory of one build"
        ) from fault


def _said(built: Path, promised: Mapping[str, str]) -> tuple[Definition, Serial, Mapping[str, str]]:
    for name in (DEFINITION, BUILD_INFO):
        if name not in promised:
            raise UsageError.because(
                f"`{line(str(built))}` does not promise a `{name}`, from which it could be made again",
                hint="reproduce a build of this version",
            )
        if _digest(built / name) != promised[name]:
            raise VerificationError.because(f"`{name}` in `{line(str(built))}` is not the one its checksums promise")
    info = parse_info((built / BUILD_INFO).read_text("utf-8", "replace"))
    return load_definition(built / DEFINITION), Serial.parse(info.get("serial", "")), info


def _verdict(path: Path, promised: str | None, remade: str | None) -> Verdict:
    if promised is None:
        return "new"
    found = _digest(path)
    if found is None:
        return "missing"
    if found != promised:
        return "changed since"
    if remade is None:
        return "not made again"
    return "same" if promised == remade else "different"


def _digest(path: Path) -> str | None:
    try:
        return digest(path)
    except OSError:
        return None
