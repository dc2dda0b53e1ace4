from __future__ import annotations

from pathlib import Path

import pytest

from builders.boot.machine import PLATFORMS, Kernel, Machine, Network, machine_tools


def argv(machine: Machine, work: Path) -> str:
    return " ".join(machine.argv(work, interactive=False))


def test_a_name_starts_no_option(tmp_path: Path) -> None:
    """A comma in a path stays in the path."""
    assert "file=/x/a,,readonly=off.img,format=qcow2," in argv(
        Machine(Path("/x/a,readonly=off.img"), "bios", "tcg"), tmp_path
    )


def test_a_watched_machine_has_no_way_out() -> None:
    """Only what is forwarded is reached; a person's machine may go out."""
    assert "restrict=on" in Network(ssh_port=2222).words
    assert "hostfwd=tcp:127.0.0.1:2222-:22" in Network(ssh_port=2222).words
    assert "restrict" not in Network(outgoing=True).words
    assert Network(ssh_port=2222).sandbox.endswith("spawn=deny")
    assert Network(metadata_port=80).sandbox == "off"


def test_uefi_gets_variables_of_its_own(tmp_path: Path) -> None:
    """The firmware's variables are a private copy, never the machine's own file."""
    said = argv(Machine(tmp_path / "disk", "uefi", "tcg"), tmp_path)
    assert (tmp_path / "variables.fd").stat().st_size > 0
    assert f"unit=1,file={tmp_path}/variables.fd" in said


def test_a_kernel_is_started_without_firmware(tmp_path: Path) -> None:
    """Kernel, ramdisk and command line are given to QEMU itself; the root may be a partition."""
    assert Kernel(Path("/x"), None, "", 1).command_line() == "root=/dev/nvme0n1p1 rootwait ro "
    assert Kernel(Path("/x"), None, "", 1).command_line("/dev/vda") == "root=/dev/vda1 rootwait ro "
    kernel = Kernel(Path("/x/vmlinuz"), Path("/x/initrd"), "quiet")
    said = argv(Machine(tmp_path / "disk", "direct", "tcg", kernel=kernel), tmp_path)
    assert "-kernel /x/vmlinuz -initrd /x/initrd -append root=/dev/nvme0n1 rootwait ro quiet" in said
    assert "pflash" not in said


def test_an_instance_of_ec2_says_so(tmp_path: Path) -> None:
    """Its system UUID begins with `ec2` and is its serial number, as cloud-init's detection wants it."""
    said = argv(Machine(tmp_path / "disk", "bios", "tcg", instance="i-0123456789abcdef"), tmp_path)
    assert "uuid=ec201234-5678-49ab-8cde-f00000000000,serial=ec201234-5678-49ab-8cde-f00000000000" in said


def test_arm64_has_a_machine_of_its_own(tmp_path: Path) -> None:
    """Another architecture is another QEMU, and knows no BIOS."""
    assert "qemu-system-aarch64" in argv(Machine(tmp_path / "disk", "direct", "tcg", "arm64"), tmp_path)
    assert "bios" not in PLATFORMS["arm64"].firmwares


@pytest.mark.parametrize("architecture", PLATFORMS)
def test_tools_are_named_with_their_packages(architecture: str) -> None:
    """What UEFI needs beyond the others are the firmware's two files."""
    platform = PLATFORMS[architecture]  # type: ignore[index]
    more = set(machine_tools("uefi", architecture)) - set(machine_tools("direct", architecture))  # type: ignore[arg-type]
    assert {tool.package for tool in more} == {platform.firmware_package}
