"""What a build depends on besides its definition: the state of the archive, the machine's tools, this program."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from builders.build.plan import STATUS
from builders.build.rootfs import FLAT, join_digests, proxies
from builders.publish.sums import digest
from builders.workshop.bench import Bench
from builders.workshop.command import PATH
from builders.workshop.e2fsprogs import Mke2fs
from builders.workshop.sources import Source
from builders.workshop.tools import Tool
from recipe_runner.errors import RecipeError

APT_HELPER = "/usr/lib/apt/apt-helper"
_IMPATIENT = ("-oAcquire::Retries=0", "-oAcquire::http::Timeout=30", "-oAcquire::https::Timeout=30")
"""The look is not worth the minutes that apt gives a mirror that hangs; the build itself gives them."""
MKE2FS_SETTINGS = Path("/etc/mke2fs.conf")


def archive_state(bench: Bench, sources: Iterable[Source]) -> dict[str, str] | None:
    """Return the digests of the suites' signed indexes as they are now, in the form of `Rootfs.sources`.

    None where one cannot be had. Signatures are not looked at: a digest is only compared, the build itself verifies.
    """
    digests: list[tuple[str, str]] = []
    for number, (uri, suite) in enumerate(dict.fromkeys((source.uri, source.suite) for source in sources)):
        flat = suite.endswith("/")
        found = _index(bench, f"{uri}/{suite}" if flat else f"{uri}/dists/{suite}", bench.work / f"index-{number}")
        if found is None:
            return None
        digests.append((FLAT if flat else suite.replace("/", "_"), found))
    return join_digests(digests)


def machine_state(tools: Iterable[Tool], mke2fs: Mke2fs) -> list[str]:
    """Return digests of dpkg's list of all packages and of each tool's own file: any upgrade changes them."""
    paths = [STATUS, MKE2FS_SETTINGS, mke2fs.path]
    for tool in tools:
        found = shutil.which(tool.name, path=PATH) if tool.kind == "command" else tool.name
        paths.append(Path(found or tool.name))
    return [digest(path) if path.is_file() else "" for path in paths]


def program_state() -> str:
    """Return a digest of the builder's own files, by which an unreleased change counts too."""
    root = Path(str(files("builders")))
    total = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        total.update(f"{path.relative_to(root)} {digest(path)}\n".encode())
    return total.hexdigest()


def _index(bench: Bench, place: str, target: Path) -> str | None:
    commands = bench.commands.extended(**proxies(bench.definition))
    for name in ("InRelease", "Release"):
        try:
            commands.run(APT_HELPER, *_IMPATIENT, "download-file", f"{place}/{name}", target)
        except RecipeError:
            continue
        return digest(target)
    return None
