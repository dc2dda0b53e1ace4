"""Roots to be inspected: that of a build, with what the build machine must not have left in it, and those of others."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from builders.build.buildinfo import parse_info
from builders.images.serial import Serial
from builders.images.writing import DEFINITION
from builders.proof.changes import Change, Measures, package_changes, root_size
from builders.proof.inspection import Finding, Result, inspect
from builders.proof.packages import parse_manifest
from builders.proof.root import Root
from builders.publish.tree import BUILD_INFO, Names
from builders.workshop.machine import DEBIAN_MIRROR, DEBIAN_SECURITY, machine_sources
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.sanitise import line

_ORDINARY = frozenset({"localhost", "debian", "ubuntu", "localdomain", "127.0.0.1"})
_SHORTEST = 5
"""Shorter names are words that any file may hold."""
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy")


@dataclass(frozen=True, slots=True)
class Inspection:
    """A root's results and, of a build with a predecessor, what changed since `previous`."""

    results: tuple[Result, ...]
    previous: Path | None = None
    changes: tuple[Change, ...] = ()

    @property
    def passed(self) -> bool:
        """Say whether nothing was found."""
        return not any(result.findings for result in self.results)


def machine_names(wanted: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what an image must not hold of this machine: its name, and the hosts of its proxies and mirrors.

    `wanted` is the text of the definition: what is named there belongs in the image.
    """
    hosts = {"mirror": [urlsplit(source.uri).hostname for source in machine_sources()]}
    hosts["proxy"] = [urlsplit(environ.get(name, "")).hostname for name in _PROXIES] + _apt_proxies()
    hosts["name"] = [socket.gethostname(), socket.gethostname().partition(".")[0]]
    known = {urlsplit(mirror).hostname for mirror in (DEBIAN_MIRROR, DEBIAN_SECURITY)} | _ORDINARY
    found: dict[str, str] = {}
    for what, names in hosts.items():
        for number, name in enumerate(dict.fromkeys(names)):
            if name and name not in known and len(name) >= _SHORTEST and name not in wanted:
                found[f"{what} {number + 1}" if number else what] = name
    return found


def format_results(results: tuple[Result, ...]) -> str:
    """Write results as JSON."""
    return json.dumps([asdict(result) for result in results], indent=1, ensure_ascii=False) + "\n"


def as_json(inspection: Inspection) -> str:
    """Write an inspection as JSON: results, the previous build's path or null, and the packages that changed."""
    return json.dumps(
        {
            "results": [asdict(result) for result in inspection.results],
            "previous": str(inspection.previous) if inspection.previous else None,
            "changes": [asdict(change) for change in inspection.changes],
        },
        indent=2,
    )


def inspect_path(path: Path, *, allowed: tuple[str, ...], growth: float, previous: Path | None) -> Inspection:
    """Inspect a root tarball, or a build and what it has become since the previous one beside it.

    A build without a root tarball has its root no more: what was found when it was made counts. Raises UsageError for
    anything else.
    """
    if not path.is_dir():
        with plain_archive(path) as archive:
            return Inspection(inspect(Root.of(archive, machine_names("")), allowed))
    names, serial, wanted = _said(path)
    tarball = next((found for form in ("gz", "xz") if (found := path / names.root(form)).exists()), None)
    if tarball:
        with plain_archive(tarball) as archive:
            results = inspect(Root.of(archive, machine_names(wanted)), allowed)
    else:
        results = _kept(path / names.inspection)
    before = previous or _previous(path, serial)
    if before is None:
        return Inspection(results)
    old, _, _ = _said(before)
    grown = tuple(_measures(path, names).growth(_measures(before, old), growth))
    title = f"Nothing has grown by more than {growth:g} % since {before.name}"
    changes = package_changes(_manifest(before / old.manifest), _manifest(path / names.manifest))
    return Inspection((*results, Result("growth", title, grown)), before, changes)


@contextmanager
def plain_archive(path: Path) -> Iterator[Path]:
    """Give the archive of a tarball, unpacked where it is compressed; raises UsageError for what is no tarball."""
    with _reading(path), path.open("rb") as stream:
        head = stream.read(6)
    opener = gzip.open if head[:2] == b"\x1f\x8b" else lzma.open if head == b"\xfd7zXZ\0" else None
    if opener is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="inspect-", dir="/var/tmp") as folder:
        archive = Path(folder) / "root.tar"
        try:
            with _reading(path), opener(path) as packed, archive.open("wb") as target:
                shutil.copyfileobj(packed, target, 1 << 20)
        except (EOFError, lzma.LZMAError) as fault:
            raise UsageError.because(f"`{line(str(path))}` is damaged: {line(str(fault))}") from fault
        yield archive


def _said(build: Path) -> tuple[Names, Serial, str]:
    with _reading(build / BUILD_INFO):
        info = parse_info((build / BUILD_INFO).read_text("utf-8", "replace"))
        wanted = (build / DEFINITION).read_text("utf-8", "replace")
    names = Names(info.get("suite", ""), info.get("architecture", ""), info.get("build_name", ""))
    return names, Serial.parse(info.get("serial", "")), wanted


def _previous(build: Path, serial: Serial) -> Path | None:
    """Return the newest build beside this one with an earlier serial."""
    earlier: list[tuple[Serial, Path]] = []
    for path in build.resolve().parent.iterdir():
        try:
            found = Serial.parse(path.name)
        except UsageError:
            continue
        if found < serial and (path / BUILD_INFO).is_file():
            earlier.append((found, path))
    return max(earlier)[1] if earlier else None


def _measures(build: Path, names: Names) -> Measures:
    sizes = {}
    with _reading(build / names.file_list):
        sizes["root"] = root_size((build / names.file_list).read_text("utf-8"))
        for name in (names.image, names.tarball, names.squashfs, names.root("gz"), names.root("xz")):
            if (build / name).is_file():
                sizes[name] = (build / name).stat().st_size
    return Measures(sizes)


def _manifest(path: Path) -> dict[str, str]:
    with _reading(path):
        return parse_manifest(path.read_text("utf-8"))


def _kept(path: Path) -> tuple[Result, ...]:
    with _reading(path):
        found = json.loads(path.read_text("utf-8"))
    return tuple(
        Result(result["check"], result["title"], tuple(Finding(**finding) for finding in result["findings"]))
        for result in found
    )


def _apt_proxies() -> list[str | None]:
    try:
        done = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    rows = [row.split(" ", 1) for row in done.stdout.splitlines() if "::proxy" in row.lower()]
    return [urlsplit(value.strip('";')).hostname for _, value in rows]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RecipeError) as fault:
        if isinstance(fault, RecipeError):
            raise
        reason = fault.strerror if isinstance(fault, OSError) else "it is not what a build writes"
        raise UsageError.because(
            f"cannot read `{line(str(path))}`: {reason}", hint="name a root tarball or the directory of a build"
        ) from fault
