from __future__ import annotations

from pathlib import Path

import pytest

from builders.boot.check import Terms, check_boot
from builders.boot.machine import Firmware
from builders.boot.subject import read_subject
from builders.images.attachment import Attachment
from builders.images.contents import CopiedFile
from builders.images.definition import Boot
from builders.publish.tree import Names
from tests.support.karmic import Notes, build_karmic

MENU = """\
set timeout=0
menuentry "the root's own" {
  linux /vmlinuz root=/dev/nvme0n1p1 rootwait ro console=ttyS0,115200n8 panic=-1 chosen.by=root
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_the_roots_own_menu_is_what_boots(tmp_path: Path, firmware: Firmware) -> None:
    """A menu in the root, as `update-grub` leaves one, decides over that of the EFI system partition."""
    copied = CopiedFile(source=Attachment("grub.cfg", MENU.encode()), target="/boot/grub/grub.cfg")
    boot = Boot(arguments="console=ttyS0,115200n8 panic=-1", marker="karmic is up")
    built = build_karmic(tmp_path, files=(copied,), boot=boot, outputs=("raw",))
    subject = read_subject(built / Names("karmic", "amd64").raw, firmware, tmp_path, "amd64")
    with (tmp_path / "log").open("wb") as log:
        outcome = check_boot(subject, Terms(firmware, "tcg", "nocloud", 300), log, Notes())
    assert outcome.passed, outcome.assertions
    assert b"chosen.by=root" in (tmp_path / "log").read_bytes()
