from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builders.boot.check import Terms, check_boot
from builders.boot.subject import read_subject
from builders.build.archive import read_members
from builders.build.confine import trial
from builders.build.foreign import works
from builders.build.inspected import plain_archive
from builders.build.modes import namespaces_work
from builders.build.rootfs import inspect
from builders.images.attachment import Attachment
from builders.images.contents import Hook
from builders.images.definition import Boot
from builders.publish.tree import Names
from tests.support.karmic import Notes, build_karmic

NAMES = Names("karmic", "arm64")


@pytest.fixture(scope="module")
def arm64(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the serial's directory of a tiny karmic for arm64."""
    boot = Boot(arguments="console=ttyAMA0,115200n8 panic=-1", marker="karmic is up")
    outputs = ("raw", "root-tar.gz")
    return build_karmic(tmp_path_factory.mktemp("tree"), architecture="arm64", boot=boot, outputs=outputs)


def test_a_foreign_image_has_its_own_loader_and_no_place_for_a_bios(arm64: Path) -> None:
    """UEFI's name for arm64 is in the EFI system partition; what is in the root was never run here."""
    disk = arm64 / NAMES.raw
    table = subprocess.check_output(["/sbin/sfdisk", "--dump", disk], text=True)
    assert 'name="bios"' not in table
    shown = subprocess.check_output(["mdir", "-b", "-i", f"{disk}@@2M", "::/EFI/BOOT"], text=True)
    assert "BOOTAA64.EFI" in shown
    with plain_archive(arm64 / NAMES.root("gz")) as archive:
        assert "bin/busybox" in read_members(archive)


def test_a_hook_runs_programs_of_the_image(tmp_path: Path) -> None:
    """Inside a foreign root its own shell and programs run, for this build alone."""
    if namespaces_work() and not works(trial("arch-test", "arm64", architecture="arm64")):
        pytest.skip("this kernel gives user namespaces no binfmt_misc, or qemu-user-static and arch-test are missing")
    hook = Hook(script=Attachment("hook", b"#!/bin/sh\nuname -m > /etc/machine\n", True))
    built = build_karmic(tmp_path, architecture="arm64", hooks=(hook,), outputs=("root-tar.gz",))
    with plain_archive(built / NAMES.root("gz")) as archive:
        assert inspect(archive).read("etc/machine") == b"aarch64\n"


@pytest.mark.slow
def test_a_foreign_image_boots(arm64: Path, tmp_path: Path) -> None:
    """QEMU's arm64 machine comes up under UEFI, from firmware over GRUB to the image's own init."""
    subject = read_subject(arm64 / NAMES.raw, "uefi", tmp_path, "arm64")
    with (tmp_path / "log").open("wb") as log:
        outcome = check_boot(subject, Terms("uefi", "tcg", "nocloud", 300), log, Notes())
    assert outcome.passed, outcome.assertions
