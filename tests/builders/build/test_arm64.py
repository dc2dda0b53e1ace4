from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from builders.archive import read_members
from builders.boot.check import Terms, check_boot
from builders.boot.subject import read_subject
from builders.build.image import build_image
from builders.build.inspected import plain_archive
from builders.distros.check import load_definition
from builders.images.attachment import Attachment
from builders.images.contents import Hook
from builders.images.definition import Boot
from builders.images.serial import Serial
from builders.publish.tree import Names, Tree
from builders.rootfs import inspect
from builders.workshop.confine import trial
from builders.workshop.foreign import works
from builders.workshop.modes import namespaces_work
from tests.support.karmic import Notes, build_karmic

DEBIAN = """\
distribution = "debian"
codename = "bookworm"
architecture = "arm64"
title = "Debian 12 for arm64"
kernel = "linux-image-cloud-arm64"
packages = ["e2fsprogs", "mount", "systemd-sysv", "udev", "zstd"]
documentation = false
outputs = ["raw"]
[disk]
size = "1 GiB"
[boot]
arguments = "console=ttyAMA0,115200n8"
"""
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


@pytest.mark.slow
@pytest.mark.skipif(
    "RECIPE_TEST_FOREIGN" not in os.environ, reason="minutes of emulation: RECIPE_TEST_FOREIGN=1 runs it"
)
def test_a_debian_is_built_by_emulation_and_boots(tmp_path: Path) -> None:
    """Packages are configured by arm64's own programs, and the image comes up under UEFI to its login."""
    (tmp_path / "arm64.toml").write_text(DEBIAN)
    wanted = load_definition(tmp_path / "arm64.toml")
    built = build_image(wanted, Serial.parse("20261126"), Tree(tmp_path / "tree"), progress=Notes())
    subject = read_subject(built / Names("bookworm", "arm64").raw, "uefi", tmp_path, "arm64")
    with (tmp_path / "log").open("wb") as log:
        outcome = check_boot(subject, Terms("uefi", "tcg", "nocloud", 900), log, Notes())
    assert outcome.passed, outcome.assertions
