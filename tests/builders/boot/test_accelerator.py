from __future__ import annotations

from builders.boot.accelerator import answers, boot_sector, choose_accelerator


def test_the_probe_is_a_boot_sector() -> None:
    """A BIOS boots exactly one signed sector."""
    assert len(boot_sector()) == 512
    assert boot_sector().endswith(b"\x55\xaa")


def test_the_probe_answers_where_guests_run() -> None:
    """QEMU's own translation always runs a guest, so the probe must succeed there."""
    assert answers("tcg")


def test_kvm_is_chosen_only_after_an_answer() -> None:
    """The choice agrees with the probe on this machine, whatever this machine can do."""
    assert choose_accelerator() == ("kvm" if answers("kvm") else "tcg")
