"""The virtual machine an image is booted in: QEMU's arguments, by architecture and firmware."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builders.boot import relay
from builders.boot.accelerator import Accelerator
from builders.boot.metadata import ADDRESS, MASK
from builders.workshop.tools import Tool

Firmware = Literal["bios", "uefi", "direct"]
Architecture = Literal["amd64", "arm64"]
Form = Literal["qcow2", "raw", "vmdk", "vpc"]
"""An image's format as QEMU calls it; `vpc` is VHD."""

MEMORY = 1024
"""MiB; what a small instance has."""
CPUS = 2
DISK_DEVICE = "/dev/nvme0n1"
"""What Linux calls the machine's one disk."""


@dataclass(frozen=True, slots=True)
class Platform:
    """How QEMU plays one architecture; `code` and `variables` are the UEFI firmware's files of `firmware_package`.

    `arguments` are for kernels that are started directly: the timer of a translated machine may be late, and Linux
    gives up then, unless told not to measure it. The HPET is off: with it Linux was seen to hang in a translated
    machine of two processors (QEMU 7.2).
    """

    program: str
    package: str
    machine: str
    cpu: str
    console: str
    arguments: str
    code: Path
    variables: Path
    firmware_package: str
    firmwares: tuple[Firmware, ...]


PLATFORMS: dict[Architecture, Platform] = {
    "amd64": Platform(
        program="qemu-system-x86_64",
        package="qemu-system-x86",
        machine="q35,hpet=off",
        cpu="max",
        console="ttyS0",
        arguments="no_timer_check",
        code=Path("/usr/share/OVMF/OVMF_CODE_4M.fd"),
        variables=Path("/usr/share/OVMF/OVMF_VARS_4M.fd"),
        firmware_package="ovmf",
        firmwares=("bios", "uefi", "direct"),
    ),
    "arm64": Platform(
        program="qemu-system-aarch64",
        package="qemu-system-arm",
        machine="virt",
        cpu="neoverse-n1",
        console="ttyAMA0",
        arguments="",
        code=Path("/usr/share/AAVMF/AAVMF_CODE.fd"),
        variables=Path("/usr/share/AAVMF/AAVMF_VARS.fd"),
        firmware_package="qemu-efi-aarch64",
        firmwares=("uefi", "direct"),
    ),
}


def machine_tools(firmware: Firmware, architecture: Architecture = "amd64") -> tuple[Tool, ...]:
    """Return what must be installed to boot with this firmware."""
    platform = PLATFORMS[architecture]
    common = (
        Tool(platform.program, platform.package),
        Tool("qemu-img", "qemu-utils"),
        Tool("debugfs", "e2fsprogs"),
        Tool("mkfs.vfat", "dosfstools"),
        Tool("mcopy", "mtools"),
        Tool("ssh", "openssh-client"),
    )
    if firmware != "uefi":
        return common
    files = (platform.code, platform.variables)
    return (*common, *(Tool(str(path), platform.firmware_package, "file") for path in files))


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that is started without firmware or boot loader, its ramdisk and its arguments."""

    image: Path
    ramdisk: Path | None
    arguments: str
    partition: int | None = None

    def command_line(self, disk: str = DISK_DEVICE) -> str:
        """Return the command line; the root is the `partition` of `disk`, or all of it."""
        between = "p" if disk[-1].isdigit() else ""
        root = disk if self.partition is None else f"{disk}{between}{self.partition}"
        return f"root={root} rootwait ro {self.arguments}"


@dataclass(frozen=True, slots=True)
class Network:
    """How the machine is joined to this one: what is forwarded from loopback, and whether it gets out at all.

    `ssh_port` is a port of 127.0.0.1 that leads to the guest's ssh; `metadata_port` one that its metadata service is
    behind.
    """

    ssh_port: int | None = None
    metadata_port: int | None = None
    outgoing: bool = False

    @property
    def sandbox(self) -> str:
        """What a guest that has broken out into QEMU may not do.

        The way to the metadata service is a program that QEMU starts, and that does not work under its filter.
        """
        return (
            "off" if self.metadata_port else "on,obsolete=deny,elevateprivileges=deny,resourcecontrol=deny,spawn=deny"
        )

    @property
    def words(self) -> str:
        """QEMU's `-netdev` argument."""
        parts = ["user", "id=net"]
        if not self.outgoing:
            parts.append("restrict=on")
        if self.ssh_port is not None:
            parts.append(f"hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22")
        if self.metadata_port is not None:
            carry = shlex.join([sys.executable, "-I", "-S", relay.__file__, str(self.metadata_port)])
            parts += [f"net={MASK}", f"guestfwd=tcp:{ADDRESS}:80-cmd:{escaped(carry)}"]
        return ",".join(parts)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with one NVMe disk, as EC2's are; `disk` is a qcow2 that it writes to.

    `seed` is a further disk that is only read; `instance` the identity of a machine that says it is one of EC2's;
    `memory` is in MiB.
    """

    disk: Path
    firmware: Firmware
    accelerator: Accelerator
    architecture: Architecture = "amd64"
    kernel: Kernel | None = None
    seed: Path | None = None
    further: tuple[tuple[Path, Form], ...] = ()
    network: Network = Network()
    instance: str | None = None
    memory: int = MEMORY
    cpus: int = CPUS

    def argv(self, work: Path, *, interactive: bool) -> list[str]:
        """Return the command. `work` is a private directory for the firmware's variables.

        QEMU dies with its parent (setpriv), however that one ends.
        """
        platform = PLATFORMS[self.architecture]
        console = "mon:stdio" if interactive else "stdio"
        return [
            *("setpriv", "--pdeathsig", "KILL", platform.program),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-sandbox", self.network.sandbox),
            *("-machine", platform.machine, "-accel", self.accelerator, "-m", str(self.memory), "-smp", str(self.cpus)),
            *("-cpu", "host" if self.accelerator == "kvm" else platform.cpu),
            *self._firmware(work, platform),
            *self._identity(),
            *("-drive", f"file={escaped(self.disk)},format=qcow2,if=none,id=disk"),
            *("-device", "nvme,drive=disk,serial=root,bootindex=1"),
            *self._further(),
            *self._seed(),
            *("-netdev", self.network.words, "-device", "virtio-net-pci,netdev=net,romfile="),
            *("-device", "virtio-rng-pci", "-serial", console),
        ]

    def _firmware(self, work: Path, platform: Platform) -> tuple[str, ...]:
        if self.kernel is not None:
            ramdisk = ("-initrd", str(self.kernel.ramdisk)) if self.kernel.ramdisk else ()
            return ("-kernel", str(self.kernel.image), *ramdisk, "-append", self.kernel.command_line())
        if self.firmware != "uefi":
            return ()
        variables = work / "variables.fd"
        shutil.copyfile(platform.variables, variables)
        return (
            *("-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={platform.code}"),
            *("-drive", f"if=pflash,format=raw,unit=1,file={escaped(variables)}"),
        )

    def _identity(self) -> tuple[str, ...]:
        """Say what EC2 says: the system's UUID begins with `ec2`, and is its serial number too."""
        if self.instance is None:
            return ()
        digits = f"{self.instance.removeprefix('i-'):0<32}"
        uuid = f"ec2{digits[:5]}-{digits[5:9]}-4{digits[9:12]}-8{digits[12:15]}-{digits[15:27]}"
        return (
            *("-smbios", f"type=1,manufacturer=Amazon EC2,product=m5.large,uuid={uuid},serial={uuid}"),
            *("-smbios", f"type=2,manufacturer=Amazon EC2,asset={self.instance}"),
        )

    def _further(self) -> Iterator[str]:
        """Give the disks that do not boot; what is written to them is thrown away too."""
        for number, (path, form) in enumerate(self.further):
            name = f"further{number}"
            yield from ("-drive", f"file={escaped(path.absolute())},format={form},if=none,id={name},snapshot=on")
            yield from ("-device", f"nvme,drive={name},serial={name}")

    def _seed(self) -> tuple[str, ...]:
        if self.seed is None:
            return ()
        drive = f"file={escaped(self.seed)},format=raw,if=none,id=seed,readonly=on"
        return ("-drive", drive, "-device", "virtio-blk-pci,drive=seed")


def escaped(word: str | Path) -> str:
    """Return a value as QEMU's option parser reads it back whole."""
    return str(word).replace(",", ",,")
