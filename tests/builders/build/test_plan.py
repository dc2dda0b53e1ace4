from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders.build.image import make
from builders.build.plan import FLAVOUR, find_tools, plan_image
from builders.distros.check import load_definition
from builders.images.attachment import Attachment
from builders.images.contents import Hook
from builders.images.serial import Serial
from builders.publish.tree import Names
from builders.workshop.bench import bench, drawn_bench
from builders.workshop.margin import MEMORY
from builders.workshop.modes import choose_mode
from builders.workshop.tools import Tool
from tests.support.karmic import EXAMPLES, OUTPUTS, SERIAL, Notes, definition

WANTED = Serial.parse(SERIAL)


def test_the_planned_commands_are_those_that_run(tmp_path: Path) -> None:
    """Word for word, the commands of the plan are those in the log of a real build; outputs are made side by side."""
    wanted = definition().model_copy(update={"outputs": OUTPUTS})
    names = Names("karmic", "amd64")
    with bench(wanted, WANTED, MEMORY, Notes()) as work:
        plan = plan_image(work, tmp_path)
        planned = [str(command).replace(FLAVOUR, "cloud") for phase in plan.phases for command in phase.commands]
        make(work, tmp_path, names)
        log = [line[2:] for line in work.commands.log.read_text().splitlines() if line.startswith("+ ")]
        ran = [command for command in log if not command.endswith(" -V")]
    before = len(planned) - len(plan.phases[-1].commands)
    assert ran[:before] == planned[:before]
    assert sorted(ran[before:]) == sorted(planned[before:])
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {name.replace(FLAVOUR, "cloud") for name in plan.files} == made


def test_the_planned_files_are_those_that_come(karmic: Path) -> None:
    """The plan names every file of a build."""
    plan = plan_image(drawn_bench(definition(), WANTED, Notes()), Path("staged"))
    made = {path.relative_to(karmic).as_posix() for path in karmic.rglob("*") if path.is_file()}
    assert {name.replace(FLAVOUR, "cloud") for name in plan.files} == made
    assert sum(part.size for part in plan.partitions) < definition().disk.size


def test_planning_a_debian_touches_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A plan needs no archive and writes nothing, not even into the cache."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    drawn = drawn_bench(load_definition(EXAMPLES / "debian-minimal.toml"), WANTED, Notes())
    plan = plan_image(drawn, Path("staged"))
    (mmdebstrap,) = plan.phases[0].commands
    (included,) = [str(word) for word in mmdebstrap.words if str(word).startswith("--include=")]
    assert re.fullmatch(r"--include=linux-image-cloud-amd64,e2fsprogs,.*", included)
    assert not (tmp_path / "cache").exists()
    assert not drawn.work.exists()


def test_only_what_fetches_has_the_network() -> None:
    """Where all archives are on this machine mmdebstrap has an empty network, unless a hook may want the real one."""
    if choose_mode() != "namespace":
        pytest.skip("this machine gives no user namespaces")
    hook = Hook(script=Attachment("hook", b"#!/bin/sh\n", True), phase="packages")
    hooked = definition().model_copy(update={"hooks": (hook,)})
    for wanted, alone in (
        (definition(), True),
        (hooked, False),
        (load_definition(EXAMPLES / "debian-minimal.toml"), False),
    ):
        *_, mmdebstrap = plan_image(drawn_bench(wanted, WANTED, Notes()), Path("staged")).phases[0].commands
        assert ("--unshare-net" in mmdebstrap.confinement) == alone


def test_a_tool_is_found_with_its_version(tmp_path: Path) -> None:
    """Versions are read from dpkg's list; what is not here says so."""
    status = tmp_path / "status"
    status.write_text("Package: coreutils\nStatus: install ok installed\nVersion: 9.1-1\n")
    here, gone = Tool("ls", "coreutils"), Tool("no-such-tool", "nothing")
    found = find_tools((here, gone), status)
    assert [(f.tool, f.present, f.version) for f in found] == [(here, True, "9.1-1"), (gone, False, None)]
