from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from builders.workshop import foreign
from builders.workshop.confine import trial
from builders.workshop.foreign import emulation, native, registration, works

OTHER = "arm64" if native() == "amd64" else "amd64"


def test_what_cannot_be_run_does_not_work() -> None:
    """A missing tool, a failing and a hanging one are all no."""
    assert works(("true",))
    assert not works(("false",))
    assert not works(("no-such-tool",))


def test_a_program_is_known_by_its_header() -> None:
    """The kernel compares what the mask lets through: a program of this machine is its own, not another's."""
    header = Path("/bin/true").read_bytes()[:20]
    for architecture in ("amd64", "arm64"):
        _, _, _, _, magic, mask, _, _ = registration(architecture, "/usr/bin/emulator").split(":")
        wanted, through = (bytes.fromhex(text.replace("\\x", "")) for text in (magic, mask))
        same = all(mine & bits == its & bits for mine, its, bits in zip(header, wanted, through, strict=True))
        assert same == (architecture == native())


def test_nothing_stands_before_a_command_that_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own programs run as they are; without QEMU there is nothing to start others with."""
    assert emulation(native()) == ()
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert emulation(OTHER) == ()


def test_only_the_namespace_runs_foreign_programs() -> None:
    """In the confined place they run, and this machine has learnt nothing of it."""
    before = works(("arch-test", OTHER))
    if not works(trial("arch-test", OTHER, architecture=OTHER)):
        pytest.skip("this kernel gives user namespaces no binfmt_misc, or qemu-user-static and arch-test are missing")
    assert works(("arch-test", OTHER)) == before


def test_an_old_kernel_leaves_a_command_alone() -> None:
    """Where binfmt_misc cannot be mounted what follows is run all the same."""
    (*_, script, name, line) = ("sh", "-euc", foreign._REGISTER, "sh", "registration")
    argv = ["sh", "-euc", f"mount() {{ return 1; }}\n{script}", name, line, "echo", "run"]
    assert subprocess.run(argv, capture_output=True, check=True).stdout == b"run\n"
