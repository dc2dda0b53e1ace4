"""How a root file system is made: what mmdebstrap is asked, and from which indexes it took its packages."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builders.customise.hooks import hooks_of, mmdebstrap_hook
from builders.distros.base import Bootstrap
from builders.images.contents import RootPhase
from builders.images.definition import Definition
from builders.rootfs import Rootfs, inspect
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.confine import Reach
from builders.workshop.foreign import emulation
from builders.workshop.modes import choose_mode, confined, owners_path
from builders.workshop.sources import Source
from recipe_runner.errors import Diagnostic, UnmetError
from recipe_runner.sanitise import line

FLAT = "flat"
"""Stands for the suite of repositories that have none."""
LOCAL = frozenset({"copy", "file"})
"""Schemes of archives on this machine, for which no network is needed."""
NETWORKED: tuple[RootPhase, ...] = ("setup", "essential", "packages")
"""Phases whose hooks have the network."""
_LONGEST = 1 << 20
"""Bytes of the list of digests that are read: packages can write to it."""


def make_rootfs(bench: Bench, bootstrap: Bootstrap) -> Rootfs:
    """Run mmdebstrap; the same archive state and serial give the same bytes."""
    for path in (owners_path(bench.work), archive_path(bench), indexes_path(bench)):
        path.touch()
    refuse_false_mirrors(bootstrap.sources)
    commands = bench.commands.extended(**bootstrap.environ, **proxies(bench.definition))
    commands.run(*rootfs_command(bench, bootstrap), name="mmdebstrap")
    return read_rootfs(archive_path(bench), indexes_path(bench))


def proxies(definition: Definition) -> dict[str, str]:
    """Return the variables by which apt is told of the definition's proxy; they are in no file of the root."""
    proxy = definition.archive.proxy
    return {"http_proxy": proxy, "https_proxy": proxy} if proxy else {}


def read_rootfs(archive: Path, indexes: Path) -> Rootfs:
    """Return the root in `archive` that was made from the indexes listed in the file `indexes`."""
    with indexes.open("rb") as stream:
        text = stream.read(_LONGEST).decode("utf-8", "replace")
    return replace(inspect(archive), sources=parse_indexes(text))


def archive_path(bench: Bench) -> Path:
    """Return where the root file system's archive is made."""
    return bench.work / "rootfs.tar"


def indexes_path(bench: Bench) -> Path:
    """Return where the digests of the archive's indexes are written."""
    return bench.work / "indexes"


def rootfs_command(bench: Bench, bootstrap: Bootstrap) -> Argv:
    """Return the command that makes the root file system, as it is run."""
    mode, words = choose_mode(), mmdebstrap_command(bench, bootstrap)
    if mode == "fakechroot" and bootstrap.mode != "chrootless":
        return words  # it fakes owners itself
    made = (archive_path(bench), indexes_path(bench))
    local = [source for source in bootstrap.sources if is_local(source)]
    network = len(local) < len(bootstrap.sources) or any(hooks_of(bench.definition, phase) for phase in NETWORKED)
    return confined(bench, mode, words, Reach(made, made, [mirror(source) for source in local], network=network))


def is_local(source: Source) -> bool:
    """Say whether an archive is on this machine."""
    return urlsplit(source.uri).scheme in LOCAL


def mirror(source: Source) -> Path:
    """Return the directory of this machine's that is shown for an archive; of a flat one its suite's own."""
    place = Path(unquote(urlsplit(source.uri).path))
    return place / source.suite if source.suite.endswith("/") else place


def refuse_false_mirrors(sources: Iterable[Source]) -> None:
    """Raise UnmetError for what is no archive: a definition could have any directory of this machine shown."""
    faults = []
    for source in filter(is_local, sources):
        index = mirror(source) / ("" if source.suite.endswith("/") else f"dists/{source.suite}")
        if not any((index / name).is_file() for name in ("InRelease", "Release")):
            what = f"`{line(str(mirror(source)))}` is no archive of `{line(source.suite)}`"
            faults.append(Diagnostic(f"{what}: there is neither `InRelease` nor `Release` in `{line(str(index))}`"))
    if faults:
        raise UnmetError(*faults)


def mmdebstrap_command(bench: Bench, bootstrap: Bootstrap) -> Argv:
    """Return the words that mmdebstrap is called with."""
    indexes = shlex.quote(str(indexes_path(bench)))
    state = f'cd "$1/var/lib/apt/lists" && sha256sum *Release > {indexes}'
    mode = choose_mode()
    definition = bench.definition
    asked: dict[RootPhase, list[str]] = {
        phase: [mmdebstrap_hook(bench, numbered, mode) for numbered in hooks_of(definition, phase)]
        for phase in NETWORKED
    }
    hooks = [state, *bootstrap.customize_hooks, *asked["packages"]]
    # in namespaces of ours it is root already
    root = "fakechroot" if mode == "fakechroot" else "root"
    return (
        "mmdebstrap",
        f"--mode={'chrootless' if bootstrap.mode == 'chrootless' else root}",
        f"--variant={bootstrap.variant}",
        "--format=tar",
        f"--architectures={definition.architecture}",
        # what runs foreign programs is known already, and need not be in the root
        *(("--skip=check/qemu",) if emulation(definition.architecture) else ()),
        f"--include={','.join(bootstrap.packages)}",
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--aptopt={option}" for option in bootstrap.apt_options),
        "--dpkgopt=force-confold",
        *(f"--setup-hook={hook}" for hook in asked["setup"]),
        *(f"--essential-hook={hook}" for hook in (*bootstrap.essential_hooks, *asked["essential"])),
        *(f"--customize-hook={hook}" for hook in hooks),
        definition.codename,
        archive_path(bench),
        *map(str, bootstrap.sources),
    )


def parse_indexes(text: str) -> dict[str, str]:
    """Return digests by suite from what `sha256sum` says of apt's lists, whose names are archive addresses.

    Where a suite comes from several archives their digests are joined by `+`; flat repositories count as one suite.
    """
    found = re.findall(r"^([0-9a-f]{64})  (\S*)_(?:In)?Release$", text, re.MULTILINE)
    return join_digests((place.partition("_dists_")[2] or FLAT, sha256) for sha256, place in found)


def join_digests(digests: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return one text for each suite: its digests in order, joined by `+`."""
    found: dict[str, list[str]] = {}
    for suite, sha256 in digests:
        found.setdefault(suite, []).append(sha256)
    return {suite: "+".join(sorted(found[suite])) for suite in sorted(found)}
