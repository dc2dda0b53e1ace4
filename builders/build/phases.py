"""The phases of one build as the cache knows them: root file system, disk, each artefact, keyed by all before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from builders.build.artefacts import RECIPES, asked_for, label
from builders.build.cache import PhaseCache, phase_key
from builders.build.disks import disk_names
from builders.build.inputs import archive_state, machine_state, program_state
from builders.build.rootfs import mmdebstrap_command
from builders.customise.hooks import hooks_of
from builders.distros.base import Bootstrap, Distribution
from builders.images.contents import Phase as HookPhase
from builders.sparse import copy_sparse
from builders.workshop.bench import Bench
from builders.workshop.e2fsprogs import Mke2fs
from builders.workshop.modes import choose_mode
from builders.workshop.tools import DISK_TOOLS


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: `found` is the directory of its kept files, held while the build runs, or None."""

    key: str
    cache: PhaseCache | None
    found: Path | None

    @property
    def remark(self) -> str:
        """What a title says of it."""
        return ", kept from before" if self.found else ""

    def keep(self, files: Mapping[str, Path]) -> None:
        """Keep what was made, for the next build."""
        if self.cache:
            self.cache.keep(self.key, files)

    def copy(self, targets: Mapping[str, Path]) -> bool:
        """Copy kept files to new places; false where there are none."""
        if self.found is None:
            return False
        for name, target in targets.items():
            copy_sparse(self.found / name, target)
        return True


@dataclass(frozen=True, slots=True)
class Phases:
    """The phases of one build; `sources` is the archive's state that their keys hold."""

    rootfs: Phase
    customised: Phase
    disk: Phase
    artefacts: Mapping[str, Phase]
    sources: Mapping[str, str]

    def artefact(self, label: str) -> Phase:
        """Return the phase of the artefact with this label."""
        return self.artefacts.get(label, _NONE)

    def remark(self, labels: Iterable[str]) -> str:
        """Say what a title says of the phases of these artefacts."""
        kept = [self.artefact(label).found is not None for label in labels]
        return ", kept from before" if kept and all(kept) else ""

    def believed(self, sources: Mapping[str, str]) -> Phases:
        """Return the same where the root was made from the state in the keys, else phases that keep nothing."""
        if sources == self.sources:
            return self
        return _NOTHING


_NONE = Phase("", None, None)
_NOTHING = Phases(_NONE, _NONE, _NONE, {}, {})

_HOOKS: tuple[tuple[HookPhase, ...], ...] = (
    ("setup", "essential", "packages"),
    ("customise",),
    ("filesystem", "disk"),
    ("output",),
)
"""The phases of hooks that are in the same key."""
_IN_NO_ROOT = {"boot", "disk", "disks", "hooks", "limits", "outputs"}
"""Keys of a definition that are in no file of its root; of the disks, `fstab` and mount points are among the files."""


@contextmanager
def find_phases(
    bench: Bench,
    family: Distribution,
    bootstrap: Bootstrap,
    mke2fs: Mke2fs,
    cache: PhaseCache | None,
) -> Iterator[Phases]:
    """Look for the build's phases in the cache; one counts only where those before it are there too.

    Without a cache, or where the archive's state cannot be learnt, nothing is found and nothing is kept.
    """
    sources = archive_state(bench, bootstrap.sources) if cache else None
    if cache is None or sources is None:
        yield _NOTHING
        return
    definition = bench.definition
    machine = machine_state((*DISK_TOOLS, *family.tools(definition)), mke2fs)
    asked = [str(word).replace(str(bench.work), "") for word in mmdebstrap_command(bench, bootstrap)]
    environ = {name: value.replace(str(bench.work), "") for name, value in bootstrap.environ.items()}
    early, last, on_disks, on_outputs = (
        [hook.model_dump(mode="json") for hook in definition.hooks if hook.phase in phases] for phases in _HOOKS
    )
    debconf = definition.debconf.sha256 if definition.debconf else None
    rootfs_key = phase_key(
        *("rootfs", choose_mode(), asked, environ, early, debconf, str(bench.serial), sources, machine, program_state())
    )
    files = {path: hashlib.sha256(content).hexdigest() for path, content in bootstrap.files.items()}
    late = definition.model_dump(mode="json", exclude=_IN_NO_ROOT)
    customised_key = phase_key("customise", rootfs_key, files, late, last)
    loaders = {"arguments": definition.boot.arguments, "modes": definition.boot.modes}
    disks = definition.model_dump(mode="json", include={"disk", "disks"})
    disk_key = phase_key("disk", customised_key, disks, loaders, on_disks)
    last_hooks = hooks_of(definition, "customise")
    with ExitStack() as stack:
        rootfs = stack.enter_context(cache.holding(rootfs_key))
        customised = stack.enter_context(cache.holding(customised_key if rootfs and last_hooks else None))
        finished = customised if last_hooks else rootfs
        disk_found = stack.enter_context(cache.holding(disk_key if finished else None))
        made: dict[str, Phase] = {}
        for output, disk in asked_for(definition.outputs, disk_names(definition)):
            of_root = RECIPES[output].made_of == "rootfs"
            key = phase_key(label(output, disk), customised_key if of_root else disk_key, on_outputs)
            found = stack.enter_context(cache.holding(key if (finished if of_root else disk_found) else None))
            made[label(output, disk)] = Phase(key, cache, found)
        yield Phases(
            Phase(rootfs_key, cache, rootfs),
            Phase(customised_key, cache, customised),
            Phase(disk_key, cache, disk_found),
            made,
            sources,
        )
