"""Finding the settings: in a file, or in the words of a command, with the configuration that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from builders.images.layers import read_text
from builders.vmbuilder.options import HYPERVISORS
from builders.vmbuilder.settings import COMMANDS, Settings, command_words, read_command, read_settings
from recipe_runner.errors import UsageError
from recipe_runner.sanitise import line


def read_words(words: Sequence[str]) -> tuple[str, Path, Settings]:
    """Return a name for what was read, the folder its paths are below, and the settings; raises UsageError."""
    if PurePath(words[0]).name in COMMANDS or (len(words) > 1 and words[0] in HYPERVISORS):
        return "vmbuilder", Path(), _with_configuration(read_command(command_words(words)), Path())
    if len(words) > 1:
        raise UsageError.because(
            f"unexpected word `{line(words[1])}`", hint="write one FILE, or `--` and then the `vmbuilder` command"
        )
    file = Path(words[0])
    return str(file), file.parent, _with_configuration(read_settings(read_text(file), str(file)), file.parent)


def _with_configuration(settings: Settings, folder: Path) -> Settings:
    """Lay what a command says over what the configuration says that it names, as VMBuilder did."""
    named = settings.last("config")
    if named is None:
        return settings
    file = folder / Path(named.value).expanduser()
    below = read_settings(read_text(file), str(file))
    return replace(
        settings,
        hypervisor=settings.hypervisor or below.hypervisor,
        distribution=settings.distribution or below.distribution,
        given=(*below.given, *settings.given),
        strange=(*below.strange, *settings.strange),
    )
