"""A definition's scripts, and the commands that run them inside a root or beside it.

Inside means: the root is all there is. bubblewrap gives the script file systems, processes and a host name of its own,
and takes the rights with which root could get out; where calls to the system are faked, there is only chroot(1).
Outside means: with the programs of the build machine, confined to what the hook is there to change.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.customise.entry import Entry
from builders.customise.leftovers import HOOKS
from builders.images.contents import Hook, Phase
from builders.images.definition import Definition
from builders.orphans import remove
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.confine import Reach, as_nobody
from builders.workshop.modes import Mode, confined, entering
from recipe_runner.errors import UnmetError
from recipe_runner.sanitise import line

RIGHTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID")
"""Capabilities that a script inside keeps: what installing and owning files takes, nothing that reaches the machine."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEEP = ("--xattrs", "--xattrs-include=*", "--numeric-owner")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A hook with its place in the definition."""

    number: int
    hook: Hook

    @property
    def name(self) -> str:
        """Its file's name while it runs."""
        return f"{self.number:02}"

    @property
    def inside(self) -> str:
        """Its path in the root."""
        return f"/{HOOKS}/{self.name}"


def hooks_of(definition: Definition, phase: Phase) -> list[Numbered]:
    """Return the hooks of one phase in the definition's order."""
    return [Numbered(number, hook) for number, hook in enumerate(definition.hooks) if hook.phase == phase]


def refuse_outside(definition: Definition) -> None:
    """Raise UnmetError for a definition that wants to run programs on the build machine."""
    if outside := [hook.script.path for hook in definition.hooks if hook.where == "outside"]:
        raise UnmetError.because(
            f"the definition would run {', '.join(f'`{line(path)}`' for path in outside)} on this machine",
            hint="read it, and say `--outside-hooks` when you believe it",
        )


def write_scripts(bench: Bench) -> None:
    """Put every hook where it can be run."""
    for number, hook in enumerate(bench.definition.hooks):
        path = script_path(bench, Numbered(number, hook))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(hook.script.content)
        path.chmod(0o755)


def script_path(bench: Bench, numbered: Numbered) -> Path:
    """Return where a hook's script lies on the bench."""
    return bench.work / "hooks" / numbered.name


def mmdebstrap_hook(bench: Bench, numbered: Numbered, mode: Mode) -> str:
    """Return the words for mmdebstrap that run a hook; in them `$1` is the root, all else is ours and quoted."""
    script = shlex.quote(str(script_path(bench, numbered)))
    if numbered.hook.where == "outside":
        return f'{script} "$1"'
    root, copy = '"$1"', f'"$1"{numbered.inside}'
    command = inside(bench, root, numbered, mode, network=True)
    words = " ".join(shlex.quote(str(word)) if word != root else root for word in command)
    if mode == "fakechroot":  # mmdebstrap itself may be under it, and it cannot be nested
        words = f'if [ "${{FAKECHROOT:-}}" ]; then {words.removeprefix("fakechroot ")}; else {words}; fi'
    place = f'"$1"/{HOOKS}'
    # made anew each time: an earlier hook could have left a link there that leads out of the root
    return f"set -e; rm -rf {place}; mkdir {place}; install -m 755 {script} {copy}; {words}; rm -rf {place}"


def inside(bench: Bench, root: str | Path, numbered: Numbered, mode: Mode, network: bool) -> Argv:
    """Return the command that runs a hook whose script is in the root already."""
    if mode == "fakechroot":
        return ("fakechroot", "chroot", root, numbered.inside)
    settings = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    settings["SOURCE_DATE_EPOCH"] = str(bench.serial.epoch)
    return (
        *("bwrap", "--bind", root, "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"),  # noqa: S108 - in the root
        *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", bench.definition.host),
        *(() if network else ("--unshare-net",)),
        *("--die-with-parent", "--new-session", "--as-pid-1", "--chdir", "/", "--clearenv"),
        *(word for name, value in settings.items() for word in ("--setenv", name, value)),
        *("--cap-drop", "ALL", *(word for right in RIGHTS for word in ("--cap-add", f"CAP_{right}"))),
        *("--", numbered.inside),
    )


def scripts_inside(hooks: Sequence[Numbered]) -> Iterator[Entry]:
    """Give the scripts that run inside as files of the root."""
    for numbered in hooks:
        if numbered.hook.where == "inside":
            yield Entry(f"{HOOKS}/{numbered.name}", numbered.hook.script.content, 0o755)


def unpack_command(bench: Bench, archive: Path, mode: Mode) -> Argv:
    """Return the command that unpacks a root, devices left out."""
    root = root_path(bench)
    command = (
        *("tar", "--extract", "--same-permissions", *_KEEP, "--exclude=./dev/*"),
        *("--directory", root, "--file", archive),
    )
    return confined(bench, mode, command, Reach((root,), (root,)))


def pack_command(bench: Bench, archive: Path, mode: Mode) -> Argv:
    """Return the command that packs a root, the same bytes for the same files."""
    command: Argv = (
        *("tar", "--create", "--format=posix", "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime"),
        *("--sort=name", *_KEEP, f"--mtime=@{bench.serial.epoch}", "--clamp-mtime"),
        *("--directory", root_path(bench), "--file", archive, "."),
    )
    return confined(bench, mode, command, Reach((archive,), (archive,)))


def hook_command(bench: Bench, numbered: Numbered, mode: Mode) -> Argv:
    """Return the command that runs a hook on the unpacked root; inside it there is no network."""
    if numbered.hook.where == "outside":
        root = root_path(bench)
        return confined(bench, mode, (script_path(bench, numbered), root), Reach((root,), network=True))
    entered = as_nobody(bench) if mode == "namespace" else entering(mode, bench.work)
    return (*entered, *inside(bench, root_path(bench), numbered, mode, network=False))


def hooks_commands(bench: Bench, hooks: Sequence[Numbered], mode: Mode) -> tuple[Argv, ...]:
    """Return all commands of the customise phase, in order."""
    return (
        unpack_command(bench, unfinished_path(bench), mode),
        *(hook_command(bench, numbered, mode) for numbered in hooks),
        pack_command(bench, hooked_path(bench), mode),
    )


def run_hooks(bench: Bench, hooks: Sequence[Numbered], mode: Mode) -> None:
    """Unpack, run each hook, pack; raises ToolError that names the hook."""
    root_path(bench).mkdir()
    hooked_path(bench).touch()
    unpack, *commands, pack = hooks_commands(bench, hooks, mode)
    bench.commands.run(*unpack, name="tar")
    for numbered, command in zip(hooks, commands, strict=True):
        bench.commands.run(*command, name=f"hook {line(numbered.hook.script.path)}")
    bench.commands.run(*pack, name="tar")
    remove(root_path(bench))


def root_path(bench: Bench) -> Path:
    """Return where a root is unpacked."""
    return bench.work / "root"


def unfinished_path(bench: Bench) -> Path:
    """Return the archive that hooks are run on."""
    return bench.work / "unfinished.tar"


def hooked_path(bench: Bench) -> Path:
    """Return the archive that they leave."""
    return bench.work / "hooked.tar"
