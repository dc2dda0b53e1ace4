from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pexpect
import pytest

from recipe_runner.errors import ExitCode
from tests.support.command import RECIPE, recipe

IMAGE = "karmic-server-cloudimg-amd64.img"


def test_what_cannot_be_booted_is_refused(tmp_path: Path) -> None:
    """A missing file and one that is no disk are usage faults."""
    assert recipe("image", "boot", tmp_path / "missing.img", "--check").returncode == ExitCode.USAGE
    (tmp_path / "text.img").write_text("no disk")
    refused = recipe("image", "boot", tmp_path / "text.img", "--check")
    assert refused.returncode == ExitCode.USAGE
    assert "neither qcow2 nor a raw disk" in refused.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--once", "x"),
        ("--json", "x"),
        ("--junit", "x"),
        ("--check", "--ssh-key", "x"),
        ("--firmware", "coreboot"),
        ("--bridge", "x"),
        ("--libvirt", "x", "--check"),
        ("--libvirt", "x", "--bridge", "x", "--network", "x"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Results need a check, a check has its own key; nothing is started."""
    done = recipe("image", "boot", tmp_path / "x.img", *options, directory=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_passed_check_is_kept_and_not_repeated(karmic: Path, tmp_path: Path) -> None:
    """The second check of the same bytes, under another name, is answered by the record."""
    records, cache = tmp_path / "records", {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    results = ("--json", tmp_path / "result.json", "--junit", tmp_path / "result.xml")
    first = recipe("image", "boot", karmic / IMAGE, "--check", "--once", records, *results, environ=cache)
    assert first.returncode == ExitCode.DONE, first.stdout + first.stderr
    assert f"passed: {IMAGE} under bios" in first.stdout
    assert "✓  login" in first.stdout
    assert json.loads((tmp_path / "result.json").read_text())["passed"] is True
    assert ET.parse(tmp_path / "result.xml").getroot()[0].get("failures") == "0"  # noqa: S314 - our own
    (log,) = (tmp_path / "cache/recipe-runner/boot").iterdir()
    assert b"karmic is up" in log.read_bytes()
    (tmp_path / "copy").mkdir()
    shutil.copyfile(karmic / "build-info.txt", tmp_path / "copy/build-info.txt")
    shutil.copyfile(karmic / IMAGE, tmp_path / "copy/other.img")
    second = recipe("image", "boot", tmp_path / "copy/other.img", "--check", "--once", records, environ=cache)
    assert second.stdout.startswith("passed before: other.img under bios")
    assert len(list((tmp_path / "cache/recipe-runner/boot").iterdir())) == 1


@pytest.mark.slow
def test_a_failed_check_says_so(tmp_path: Path) -> None:
    """A disk that says nothing fails with exit code 1 and leaves no record."""
    (tmp_path / "empty.raw").write_bytes(bytes(1 << 20))
    done = recipe("image", "boot", tmp_path / "empty.raw", "--check", "--timeout", "1", "--once", tmp_path / "records")
    assert done.returncode == ExitCode.FAILED
    assert "boot: `login:` did not come within 1 s" in done.stdout
    assert not (tmp_path / "records").exists()


@pytest.mark.slow
def test_a_person_gets_the_console(karmic: Path) -> None:
    """Without --check the machine's serial console is the terminal, until the machine is off."""
    child = pexpect.spawn(str(RECIPE), ["image", "boot", str(karmic / IMAGE)], timeout=300)
    child.expect_exact("no key can be given: the image has no /usr/bin/cloud-init")
    child.expect_exact("thrown away")
    child.expect_exact("karmic is up")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == ExitCode.DONE


@pytest.mark.slow
def test_the_machine_dies_with_its_owner(karmic: Path, tmp_path: Path) -> None:
    """A check that is killed leaves no virtual machine running."""
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    argv = [str(RECIPE), "image", "boot", str(karmic / IMAGE), "--check"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, env=environ) as process:
        try:
            machine = os.pidfd_open(machine_in(tmp_path))
        finally:
            process.kill()
    ended = select.poll()
    ended.register(machine, select.POLLIN)
    assert ended.poll(10_000)
    os.close(machine)


def machine_in(work: Path) -> int:
    """Wait for the QEMU whose disk is below this directory and return its process."""
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                program, *words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if program.endswith(b"qemu-system-x86_64") and any(bytes(work) in word for word in words):
                return int(entry.parent.name)
    raise AssertionError("QEMU did not start")
