"""The phase between packages and disks: users, files, settings and the last hooks, the root's archive as it will be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from builders.archive import read_members
from builders.customise.accounts import FILES, Accounts, belongings
from builders.customise.certificate import certificate, certificate_paths
from builders.customise.copies import copies
from builders.customise.edit import edit, place
from builders.customise.entry import Entry
from builders.customise.hooks import (
    hooked_path,
    hooks_commands,
    hooks_of,
    run_hooks,
    scripts_inside,
    unfinished_path,
)
from builders.customise.leftovers import EMPTIED, is_left_over
from builders.customise.once import once
from builders.customise.settings import settings
from builders.distros.base import Bootstrap
from builders.images.definition import Definition
from builders.images.size import format_size
from builders.rootfs import Rootfs, root_of
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.modes import choose_mode
from recipe_runner.errors import Diagnostic, RecipeError

SKELETON = "etc/skel/"
SUDO = "usr/bin/sudo"
STATUS = "var/lib/dpkg/status"


def customise(bench: Bench, rootfs: Rootfs, bootstrap: Bootstrap) -> Rootfs:
    """Return the finished root; the packaged one stays as it is. Raises RecipeError for what does not fit into it."""
    placed = place(rootfs.members, entries(bench, rootfs, bootstrap))
    final, epoch = final_path(bench), bench.serial.epoch
    own = certificate_paths(rootfs.members, bootstrap.init)

    def leaves(path: str) -> bool:
        return is_left_over(path) or path in own

    hooks = hooks_of(bench.definition, "customise")
    if hooks:
        scripts = place(rootfs.members, scripts_inside(hooks))
        everything = {**placed, **scripts}
        edit(rootfs.archive, rootfs.members, unfinished_path(bench), everything, epoch=epoch, leaves=lambda _: False)
        run_hooks(bench, hooks, choose_mode())
        hooked = hooked_path(bench)
        members = edit(
            hooked,
            read_members(hooked),
            final,
            {},
            epoch=epoch,
            leaves=leaves,
            emptied=EMPTIED,
            adopted=rootfs.archive,
        )
        unfinished_path(bench).unlink()
        hooked_path(bench).unlink()
    else:
        members = edit(rootfs.archive, rootfs.members, final, placed, epoch=epoch, leaves=leaves, emptied=EMPTIED)
    finished = replace(root_of(final, members), sources=rootfs.sources)
    refuse_large(bench.definition, finished)
    return finished


def planned_commands(bench: Bench) -> tuple[Argv, ...]:
    """Return what the phase runs: nothing but for hooks, the rest is done on the archive itself."""
    hooks = hooks_of(bench.definition, "customise")
    return hooks_commands(bench, hooks, choose_mode()) if hooks else ()


def final_path(bench: Bench) -> Path:
    """Return where the finished root's archive is made."""
    return bench.work / "root.tar"


def entries(bench: Bench, rootfs: Rootfs, bootstrap: Bootstrap) -> Iterator[Entry]:
    """Give all that is put into the root, the definition's own files last."""
    definition = bench.definition
    for path, content in bootstrap.files.items():
        yield Entry(path, content)
    yield from settings(definition, bench.serial, rootfs.members)
    for part in (*definition.disk.partitions, *(part for disk in definition.disks for part in disk.partitions)):
        if part.mount:
            yield Entry(part.mount.lstrip("/"), mode=0o755, kind="directory")
    texts = {name: rootfs.read(name).decode("utf-8", "surrogateescape") for name in FILES if name in rootfs.members}
    accounts = Accounts.parse(texts)
    yield from _users(bench, rootfs, accounts)
    yield from once(definition, bootstrap.init)
    yield from certificate(rootfs.members, bootstrap.init)
    yield from copies(definition, bench.serial, accounts)


def refuse_large(definition: Definition, rootfs: Rootfs) -> None:
    """Raise RecipeError for a root that exceeds the definition's limits."""
    size = sum(member.size for member in rootfs.members.values())
    packages = rootfs.read(STATUS).count(b"\nStatus: install ok installed\n") if STATUS in rootfs.members else 0
    limits, faults = definition.limits, []
    if limits.root and size > limits.root:
        faults.append(f"the root's files take {format_size(size)}, its limit is {format_size(limits.root)}")
    if limits.packages and packages > limits.packages:
        faults.append(f"the root has {packages} packages, its limit is {limits.packages}")
    if faults:
        raise RecipeError(*(Diagnostic(fault, hint="leave something out, or raise the limit") for fault in faults))


def _users(bench: Bench, rootfs: Rootfs, accounts: Accounts) -> Iterator[Entry]:
    definition, skeleton = bench.definition, _skeleton(rootfs)
    for user in definition.users:
        account = accounts.add(user, bench.serial.epoch)
        if user.sudo and SUDO not in rootfs.members:
            raise RecipeError.because(
                f"user `{user.name}` may use `sudo`, which is not in the root", hint="add `sudo` to `packages`"
            )
        yield from belongings(user, account, skeleton)
    for name, content in accounts.texts().items():
        before = rootfs.members[name]
        yield Entry(name, content.encode("utf-8", "surrogateescape"), before.mode & 0o7777, before.uid, before.gid)


def _skeleton(rootfs: Rootfs) -> Mapping[str, bytes]:
    return {
        path.removeprefix(SKELETON): rootfs.read(path)
        for path, member in sorted(rootfs.members.items())
        if path.startswith(SKELETON) and member.kind == "file"
    }
