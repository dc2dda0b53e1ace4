"""The boot tests of a build, made of its finished files before they are published."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import get_args

from builders.boot import results
from builders.boot.accelerator import Accelerator, choose_accelerator
from builders.boot.check import Outcome, Terms, check_boot
from builders.boot.instance import Datasource
from builders.boot.log import open_log
from builders.boot.machine import PLATFORMS, Firmware, machine_tools
from builders.boot.place import workplace
from builders.boot.subject import read_subject
from builders.images.definition import Definition
from builders.publish.tree import Names
from builders.workshop.progress import Progress
from builders.workshop.tools import require
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.sanitise import line

FOLDER = "boot"
"""Where a build keeps the results of its boot tests: no checksum covers them, they differ from test to test."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One boot test that is asked for."""

    firmware: Firmware
    datasource: Datasource

    def __str__(self) -> str:
        return f"{self.firmware}-{self.datasource}"


TRIALS = {
    (firmware, source): Trial(firmware, source) for firmware in get_args(Firmware) for source in get_args(Datasource)
}
"""All there can be, by their words."""


def parse_trials(text: str) -> tuple[Trial, ...]:
    """Read `bios,uefi:ec2`: firmwares, each with a datasource or `nocloud`; raises UsageError."""
    trials = []
    for word in text.split(","):
        firmware, _, datasource = word.strip().partition(":")
        trial = TRIALS.get((firmware, datasource or "nocloud"))
        if trial is None:
            raise UsageError.because(
                f"unknown boot test `{line(word)}`",
                hint="write firmwares such as `bios,uefi:ec2,direct`; a datasource is `nocloud` or `ec2`",
            )
        trials.append(trial)
    return tuple(dict.fromkeys(trials))


class Trials:
    """The trials of one or more builds: those that are asked for, or, where that is None, those of each definition.

    `keep_failed` accepts also what has failed, and remembers it in `failed`.
    """

    def __init__(self, asked: Sequence[Trial] | None, limit: float, keep_failed: bool, progress: Progress) -> None:
        self.asked, self.limit, self.keep_failed, self.progress = asked, limit, keep_failed, progress
        self.failed = False

    def of(self, definition: Definition) -> Sequence[Trial]:
        """Return what a definition's builds are put to."""
        if self.asked is not None:
            return self.asked
        return parse_trials(",".join(definition.boot.test)) if definition.boot.test else ()

    def require(self, definition: Definition) -> None:
        """Raise UsageError for a test that the image cannot be put to, UnmetError for tools that are not here."""
        architecture = definition.architecture
        for trial in self.of(definition):
            if trial.firmware not in PLATFORMS[architecture].firmwares:
                raise UsageError.because(f"a machine of {architecture} has no firmware `{trial.firmware}`")
            if trial.firmware != "direct" and trial.firmware not in definition.boot.modes:
                raise UsageError.because(f"the definition's `boot.modes` has no `{trial.firmware}`")
            if _file(definition, trial) is None:
                raise UsageError.because(
                    f"among the definition's outputs is nothing that boots under `{trial.firmware}`",
                    hint="add `qcow2` or `raw`, and for `direct` also `unpacked` or `bundle`",
                )
            require(machine_tools(trial.firmware, architecture))

    def accepting(self, definition: Definition) -> Callable[[Path], None] | None:
        """Return what a build of this definition is shown to, None where nothing is asked."""
        return partial(self._accept, definition) if self.of(definition) else None

    def _accept(self, definition: Definition, staged: Path) -> None:
        """Boot the build in `staged` once for each trial; keep results and consoles in its folder `boot`."""
        outcomes = []
        accelerator = choose_accelerator(definition.architecture)
        folder = staged / FOLDER
        folder.mkdir()
        for trial in self.of(definition):
            with self.progress.phase(f"boot {trial}"):
                outcome = self._boot(definition, trial, accelerator, staged)
            shutil.copyfile(outcome.log, folder / f"{trial}.log")
            told = replace(outcome, log=Path(f"{trial}.log"))
            (folder / f"{trial}.json").write_text(results.as_json(told), "utf-8")
            outcomes.append(outcome)
        (folder / "boot.xml").write_bytes(results.as_junit(outcomes))
        faults = [outcome.fault() for outcome in outcomes if not outcome.passed]
        if faults and not self.keep_failed:
            raise RecipeError(*faults)
        for fault in faults:
            self.failed = True
            self.progress.warn(fault.message)

    def _boot(self, definition: Definition, trial: Trial, accelerator: Accelerator, staged: Path) -> Outcome:
        name = _file(definition, trial)
        if name is None:
            raise RecipeError.because(f"nothing boots under `{trial.firmware}`")
        with workplace() as work:
            subject = read_subject(staged / name, trial.firmware, work, definition.architecture)
            terms = Terms(trial.firmware, accelerator, trial.datasource, self.limit)
            with open_log(subject.image, trial.firmware) as log:
                return check_boot(subject, terms, log, self.progress)


def _file(definition: Definition, trial: Trial) -> str | None:
    """Return the file of the build that the trial boots, None where there is none."""
    names = Names(definition.codename, definition.architecture, definition.flavour)
    outputs = definition.outputs
    disk = names.image if "qcow2" in outputs else names.raw if "raw" in outputs else None
    if trial.firmware != "direct" or (disk and "unpacked" in outputs):
        return disk
    return names.tarball if "bundle" in outputs else None
