"""How a root may be made on this machine: in a user namespace, with calls to the system faked, or with root's rights.

Every way is tried before it is chosen: that a tool is there says nothing about what the kernel allows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from builders.build.bench import Bench
from builders.build.command import PATH, Argv
from builders.build.confine import NAMESPACE, Reach, shut_in, trial
from builders.images.definition import Definition
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

    Raises UnmetError where none can be made, or none whose own programs, run in it, are of this architecture.
    """
    mode = choose_mode()
    if not chroot or definition.architecture == native():
        return mode
    if not works(("arch-test", definition.architecture)):
        raise UnmetError.because(
            f"this machine runs no programs for {definition.architecture}, and the packages have some to run",
            hint="apt install qemu-user-static binfmt-support arch-test",
        )
    if mode == "fakechroot":
        raise UnmetError.because("foreign programs do not run where chroot is faked", hint="build as root")
    return mode


@cache
def native() -> str:
    """Return the architecture of this machine's packages."""
    said = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, check=True, env={"PATH": PATH})
    return said.stdout.decode("ascii").strip()


def works(command: Argv, run: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run) -> bool:
    """Say whether a command can be run and succeeds; what it may leave running holds nothing of ours."""
    nowhere = subprocess.DEVNULL
    try:
        done = run(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, check=False, timeout=20, env={"PATH": PATH})
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
