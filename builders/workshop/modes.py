"""How a root may be made on this machine: in a user namespace, with calls to the system faked, or with root's rights.

Every way is tried before it is chosen: that a tool is there says nothing about what the kernel allows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from builders.images.definition import Definition
from builders.workshop.bench import Bench
from builders.workshop.command import PATH, Argv
from builders.workshop.confine import NAMESPACE, Reach, shut_in, trial
from builders.workshop.foreign import native, runs, works
from recipe_runner.errors import Diagnostic, UnmetError, UsageError
from recipe_runner.sanitise import line

Mode = Literal["namespace", "fakechroot", "root"]
MEANING: Mapping[Mode, str] = {
    "namespace": "packages and hooks run in namespaces, as nobody of this machine",
    "fakechroot": "packages and hooks run with the rights of the ordinary user who builds",
    "root": "packages run with root's rights over this machine",
}
Isolation = Literal["required", "preferred", "none"]
"""What root wants: a user namespace or nothing; one if it can be had; none. An ordinary user has no choice."""
VARIABLE = "RECIPE_IMAGE_ISOLATION"


def choose_mode(environ: Mapping[str, str] = os.environ) -> Mode:
    """Return the way that works here; raises UnmetError with what each lacks."""
    asked = environ.get(VARIABLE, "required")
    if asked not in get_args(Isolation):
        wanted = ", ".join(f"`{name}`" for name in get_args(Isolation))
        raise UsageError.because(f"`{VARIABLE}` is `{line(asked)}`, wanted {wanted}")
    root = os.geteuid() == 0
    if root and asked == "none":
        return "root"
    if namespaces_work():
        return "namespace"
    if root and asked == "preferred":
        return "root"
    if root:
        raise UnmetError.because(
            "packages and hooks would run with root's rights over this machine: it gives no user namespace",
            hint=f"allow user namespaces, or, when you trust all of them, say so: {VARIABLE}=preferred",
        )
    if all(shutil.which(tool, path=PATH) for tool in ("fakechroot", "fakeroot")) and works(("fakeroot", "true")):
        return "fakechroot"
    raise UnmetError(
        Diagnostic(
            "an ordinary user can make no root file system here: no user namespace with a range of numbers can be had",
            hint="apt install uidmap bubblewrap, and give yourself a range: usermod --add-subuids 100000-165535 "
            "--add-subgids 100000-165535 $USER",
        ),
        Diagnostic(
            "nor are `fakechroot` and `fakeroot` here", hint="apt install fakechroot fakeroot, or build as root"
        ),
    )


@cache
def namespaces_work() -> bool:
    """Say whether a command can be confined here as a build does it, with processes and file systems of its own."""
    return works(trial("true"))


def confined(bench: Bench, mode: Mode, command: Argv, reach: Reach) -> Argv:
    """Return the command as it is run in this mode: shut in, as who it fakes to be, or as root."""
    return shut_in(bench, command, reach) if mode == "namespace" else (*entering(mode, bench.work), *command)


def entering(mode: Mode, work: Path) -> Argv:
    """Return what stands before a command that is to be root of what it makes; `work` is the build's own directory.

    Where owners are faked, what is known of them is kept there from one command to the next.
    """
    if mode == "fakechroot":
        state = owners_path(work)
        return ("fakeroot", "-i", state, "-s", state, "--")
    return NAMESPACE if mode == "namespace" else ()


def owners_path(work: Path) -> Path:
    """Return the file that remembers owners where they are faked; it must exist."""
    return work / "owners"


def require_mode(definition: Definition, *, chroot: bool) -> Mode:
    """Return the way the root is made.

    Raises UnmetError where none can be made, or none whose own programs are of this architecture where some are run in
    it: those of its packages, where it is a `chroot`, or the definition's hooks.
    """
    mode = choose_mode()
    architecture = definition.architecture
    if architecture == native() or not (chroot or any(hook.where == "inside" for hook in definition.hooks)):
        return mode
    if mode == "namespace":
        possible = works(trial("arch-test", architecture, architecture=architecture))
    else:
        possible = runs(architecture)
    if not possible:
        raise UnmetError.because(
            f"this machine runs no programs for {architecture}, and packages or hooks have some to run",
            hint="apt install qemu-user-static arch-test; where the kernel is older than 6.7 also binfmt-support",
        )
    if mode == "fakechroot":
        raise UnmetError.because("foreign programs do not run where chroot is faked", hint="build as root")
    return mode
