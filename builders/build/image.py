"""How an image is built: one call a phase, in the order of the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from builders.build.artefacts import Artefact, Materials, artefacts, unpack_boot_files
from builders.build.aside import Aside, aside
from builders.build.cache import PhaseCache
from builders.build.disk import carve
from builders.build.disks import BOOTING, disk_paths, make_disks
from builders.build.filesystem import filesystem_path
from builders.build.interrupts import terminable
from builders.build.layout import Layout
from builders.build.phases import Phases, find_phases
from builders.build.plan import build_tools, find_tools
from builders.build.proof import Start, account_for, write_proof, write_run
from builders.build.rootfs import archive_path, indexes_path, make_rootfs, read_rootfs
from builders.customise.customise import customise
from builders.customise.hooks import hooks_of, refuse_outside, write_scripts
from builders.distros.base import Bootstrap
from builders.distros.table import distribution
from builders.images.definition import Definition
from builders.images.serial import Serial
from builders.images.size import format_size
from builders.publish.signing import certificate, sign
from builders.publish.tree import SUMS, Names, Tree
from builders.rootfs import Rootfs, inspect
from builders.workshop.bench import Bench, bench, scratch_parent
from builders.workshop.command import ended
from builders.workshop.e2fsprogs import find_mke2fs
from builders.workshop.modes import MEANING, require_mode
from builders.workshop.progress import Progress
from builders.workshop.tools import SIGNING_TOOLS, Room, require, room_needed
from recipe_runner.errors import RecipeError, UsageError


def build_image(
    definition: Definition,
    serial: Serial,
    tree: Tree,
    *,
    progress: Progress,
    key: str | None = None,
    cache: PhaseCache | None = None,
    accept: Callable[[Path], None] | None = None,
    outside_hooks: bool = False,
) -> Path:
    """Build, sum, sign where `key` (a fingerprint) is given, publish into the tree; return the serial's directory.

    Nothing is visible in the tree before everything is there, and `accept`, which is shown the directory of all files
    but the signatures and may raise a RecipeError, has accepted it. Hooks outside the root are run only where
    `outside_hooks` says so. Raises UnmetError before the work starts, RecipeError during it.
    """
    if not outside_hooks:
        refuse_outside(definition)
    family = distribution(definition.distribution)
    final = daily(tree, definition, serial)
    names = Names(definition.codename, definition.architecture, definition.flavour)
    if serial.epoch > datetime.now(UTC).timestamp():
        progress.warn(
            f"serial {serial} is later than the clock: files are as old as their making, not as their serial, "
            "and another build will not have the same bytes"
        )
    with terminable(), converted(tree.root), tree.staging(final) as staged:
        parent = scratch_parent(definition.disk.size)
        require(
            (*build_tools(definition, family), *(SIGNING_TOOLS if key else ())),
            (Room(final.parent, room_needed(definition)), Room(parent, room_needed(definition))),
        )
        if key:
            certificate(key)
        with bench(definition, serial, parent, progress) as work:
            make(work, staged, names, cache)
        if accept:
            accept(staged)
        if key:
            for name in (SUMS, names.run):
                (staged / f"{name}.gpg").write_bytes(sign((staged / name).read_bytes(), key))
    _move_current(tree, final, serial)
    return final


def next_serial(tree: Tree, definitions: Iterable[Definition]) -> Serial:
    """Return today's first serial (UTC) that the tree has of none of the definitions yet."""
    wanted, serial = tuple(definitions), Serial.today()
    while any(daily(tree, definition, serial).exists() for definition in wanted):
        serial = serial.next
    return serial


def daily(tree: Tree, definition: Definition, serial: Serial) -> Path:
    """Return the directory of a definition's build in the tree."""
    return tree.daily(definition.codename, str(serial), definition.build)


def make(bench: Bench, staged: Path, names: Names, cache: PhaseCache | None = None) -> None:
    """Make every file of the build in `staged`, the checksums last; go on from the phases that the cache has."""
    start = Start.now()
    progress, definition = bench.progress, bench.definition
    family = distribution(definition.distribution)
    layout = Layout.of(definition, bench.identity)
    disks = disk_paths(bench, staged, names)
    mke2fs = find_mke2fs(bench.commands, bench.cache, progress)
    bootstrap = family.bootstrap(bench)
    mode = require_mode(definition, chroot=bootstrap.mode != "chrootless")
    bench.commands.note(f"isolation: {mode}: {MEANING[mode]}")
    if mode == "root":
        progress.warn(MEANING[mode])
    with ExitStack() as stack:
        with progress.phase(f"archive of {definition.codename}"):
            family.prepare(bench)
            phases = stack.enter_context(find_phases(bench, family, bootstrap, mke2fs, cache))
        write_scripts(bench)
        beside = stack.enter_context(aside())
        made = {f"disk-{name}.raw": path for name, path in disks.items()}
        taken = beside.take(phases.disk.copy, made)
        with progress.phase(f"root file system{phases.rootfs.remark}"):
            packaged, phases = _root(bench, bootstrap, phases, beside)
        with progress.phase(f"customise{phases.customised.remark}"):
            rootfs = _customised(bench, packaged, bootstrap, phases, beside)
        account = stack.enter_context(ThreadPoolExecutor(1)).submit(account_for, bench, names, rootfs)
        with progress.phase(f"file systems and disks{phases.disk.remark}"):
            if not taken.result():
                make_disks(bench, mke2fs, layout, rootfs, disks)
                beside.begin(phases.disk.keep, made)
                beside.sum(*disks.values())
        unpacked = unpack_boot_files(rootfs, staged if "unpacked" in definition.outputs else bench.work, names)
        materials = Materials(rootfs.archive, filesystem_path(bench), disks[BOOTING], unpacked, staged)
        wanted = artefacts(definition.outputs, names, materials, disks)
        labels = [artefact.label for artefact in wanted]
        with progress.phase(f"{', '.join(labels) or 'no further files'}{phases.remark(labels)}"):
            if phases.disk.found and not phases.remark(labels):
                carve(disks[BOOTING], layout.root, filesystem_path(bench))
            _make_artefacts(bench, phases, wanted, beside)
            _limit(definition, wanted)
        with progress.phase("proof and checksums"):
            making = write_proof(bench, staged, names, rootfs, account.result(), beside)
            beside.finish()
    used = find_tools(build_tools(definition, family))
    versions = {tool.tool.package: tool.version for tool in used if tool.version}
    versions["mke2fs"] = ".".join(map(str, mke2fs.version))
    write_run(bench, staged, names, making, start, versions, mode)


def _make_artefacts(bench: Bench, phases: Phases, wanted: Iterable[Artefact], beside: Aside) -> None:
    def make_one(artefact: Artefact) -> None:
        phase, kept = phases.artefact(artefact.label), {str(artefact.output): artefact.target}
        if not phase.copy(kept):
            artefact.make(bench)
            beside.begin(phase.keep, kept)
        beside.sum(artefact.target)

    with ThreadPoolExecutor(os.cpu_count()) as side_by_side, ended(bench.commands):
        for task in [side_by_side.submit(make_one, artefact) for artefact in wanted]:
            task.result()


def _limit(definition: Definition, made: Iterable[Artefact]) -> None:
    limit = definition.limits.image
    for artefact in made:
        size = artefact.target.stat().st_size
        if limit and artefact.output == "qcow2" and size > limit:
            raise RecipeError.because(
                f"`{artefact.target.name}` has {format_size(size)}, `limits.image` allows {format_size(limit)}",
                hint="install less, or raise the limit",
            )


def _root(bench: Bench, bootstrap: Bootstrap, phases: Phases, beside: Aside) -> tuple[Rootfs, Phases]:
    if found := phases.rootfs.found:
        return read_rootfs(found / "rootfs.tar", found / "indexes"), phases
    rootfs = make_rootfs(bench, bootstrap)
    phases = phases.believed(rootfs.sources)
    beside.begin(phases.rootfs.keep, {"rootfs.tar": rootfs.archive, "indexes": indexes_path(bench)})
    return rootfs, phases


def _customised(bench: Bench, packaged: Rootfs, bootstrap: Bootstrap, phases: Phases, beside: Aside) -> Rootfs:
    if found := phases.customised.found:
        return replace(inspect(found / "root.tar"), sources=packaged.sources)
    rootfs = customise(bench, packaged, bootstrap)
    if hooks_of(bench.definition, "customise"):
        beside.begin(phases.customised.keep, {"root.tar": rootfs.archive})
    if packaged.archive == archive_path(bench):
        beside.begin(packaged.archive.unlink)  # once it is kept
    return rootfs


def _move_current(tree: Tree, final: Path, serial: Serial) -> None:
    """Let `current` name the new build, unless it names a later one already."""
    try:
        later = Serial.parse((final.parent / "current").readlink().name) > serial
    except (OSError, UsageError):
        later = False
    if not later:
        tree.link("current", final)


@contextmanager
def converted(place: Path) -> Iterator[None]:
    """Turn what the operating system refuses (a full disk first of all) into one diagnostic."""
    try:
        yield
    except OSError as fault:
        where = fault.filename or place
        raise RecipeError.because(f"cannot build in `{where}`: {fault.strerror}") from fault
