"""Hooks on what is made of the finished root: its file system, each disk, each output.

A hook gets a copy of the file, the only thing that it may change; what it has made of it takes the file's place when
the hook has succeeded. One that only reads has a say all the same: its failure is the build's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builders.customise.hooks import Numbered, hooks_of, script_path
from builders.images.contents import LatePhase
from builders.sparse import copy_sparse
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.confine import Reach
from builders.workshop.modes import choose_mode, confined
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line


@dataclass(frozen=True, slots=True)
class Made:
    """One file that hooks of a late phase are run on.

    `name` is what it is among its like: the disk's name, the output's. The size of one that is `fixed` must stay.
    """

    phase: LatePhase
    path: Path
    name: str = ""
    fixed: bool = True


def run_late_hooks(bench: Bench, made: Made) -> None:
    """Run the hooks of the file's phase in order; raises ToolError that names the hook which failed."""
    copy = copy_path(bench, made)
    commands = bench.commands.extended(**facts(bench, made))
    for numbered in hooks_of(bench.definition, made.phase):
        name = f"hook {line(numbered.hook.script.path)}"
        copy.parent.mkdir(exist_ok=True)
        copy_sparse(made.path, copy)
        commands.run(*_command(bench, numbered, copy), cwd=bench.temporary, name=name)
        if not numbered.hook.read_only:
            if made.fixed and copy.stat().st_size != made.path.stat().st_size:
                raise RecipeError.because(
                    f"`{name}` has changed the size of the {made.phase}",
                    hint="keep it: partitions have fixed places",
                )
            made.path.unlink()
            copy_sparse(copy, made.path)
        copy.unlink()


def late_commands(bench: Bench, made: Made) -> Iterator[Argv]:
    """Give the commands that run the hooks of the file's phase."""
    told = tuple(f"{name}={value}" for name, value in facts(bench, made).items())
    for numbered in hooks_of(bench.definition, made.phase):
        yield ("env", *told, *_command(bench, numbered, copy_path(bench, made)))


def changes(bench: Bench, phase: LatePhase) -> bool:
    """Say whether a hook of this phase may change what it is run on."""
    return any(not numbered.hook.read_only for numbered in hooks_of(bench.definition, phase))


def facts(bench: Bench, made: Made) -> dict[str, str]:
    """Return the variables that a hook finds."""
    definition = bench.definition
    return {
        "IMAGE_PHASE": made.phase,
        "IMAGE_ARTEFACT": str(copy_path(bench, made)),
        "IMAGE_NAME": made.name,
        "IMAGE_CODENAME": definition.codename,
        "IMAGE_ARCHITECTURE": definition.architecture,
        "IMAGE_FLAVOUR": definition.flavour,
        "IMAGE_SERIAL": str(bench.serial),
    }


def copy_path(bench: Bench, made: Made) -> Path:
    """Return where the copy is that a hook works on."""
    return bench.work / "late" / made.path.name


def _command(bench: Bench, numbered: Numbered, copy: Path) -> Argv:
    touched = () if numbered.hook.read_only else (copy,)
    return confined(bench, choose_mode(), (script_path(bench, numbered), copy), Reach(touched, touched, network=True))
