"""The virtual machine an image is booted in: QEMU's arguments, and what is checked of an image before it gets one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builders.boot.accelerator import Accelerator
from builders.build.tools import Tool
from builders.qcow2 import is_qcow2, refuse_references
from recipe_runner.errors import UsageError
from recipe_runner.sanitise import line

Firmware = Literal["bios", "uefi"]

OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
MEMORY_MIB = 1024
CPUS = 2


def machine_tools(firmware: Firmware) -> tuple[Tool, ...]:
    """Return what must be installed to boot with this firmware."""
    common = (Tool("qemu-system-x86_64", "qemu-system-x86"), Tool("qemu-img", "qemu-utils"))
    if firmware == "bios":
        return common
    return (*common, Tool(str(OVMF_CODE), "ovmf", "file"), Tool(str(OVMF_VARS), "ovmf", "file"))


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with one NVMe disk, as EC2's are; what the guest writes is thrown away."""

    image: Path
    firmware: Firmware
    accelerator: Accelerator

    def argv(self, work: Path, *, interactive: bool) -> list[str]:
        """Return the command. `work` is a private directory for the firmware's variables.

        QEMU dies with its parent (setpriv), however that one ends. A machine that is only watched has no way out
        to the network.
        """
        console = "mon:stdio" if interactive else "stdio"
        network = "user,id=net" if interactive else "user,id=net,restrict=on"
        disk = f"file={_escaped(self.image.resolve())},format={image_format(self.image)}"
        return [
            *("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64"),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-machine", "q35", "-accel", self.accelerator, "-m", str(MEMORY_MIB), "-smp", str(CPUS)),
            *("-cpu", "host" if self.accelerator == "kvm" else "max"),
            *self._firmware(work),
            *("-drive", f"{disk},if=none,id=disk,snapshot=on"),
            *("-device", "nvme,drive=disk,serial=root,bootindex=0"),
            *("-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile="),
            *("-device", "virtio-rng-pci", "-serial", console),
        ]

    def _firmware(self, work: Path) -> tuple[str, ...]:
        if self.firmware == "bios":
            return ()
        variables = work / "variables.fd"
        shutil.copyfile(OVMF_VARS, variables)
        return (
            *("-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE}"),
            *("-drive", f"if=pflash,format=raw,unit=1,file={_escaped(variables)}"),
        )


def image_format(image: Path) -> Literal["qcow2", "raw"]:
    """Tell a disk image's format by its first bytes.

    Raises UsageError for a file that is no image, and for a qcow2 that would make QEMU open other files of this
    machine for the guest (a backing file, an external data file).
    """
    if is_qcow2(image):
        refuse_references(image)
        return "qcow2"
    size = image.stat().st_size
    if size == 0 or size % 512:
        raise UsageError.because(f"`{line(str(image))}` is neither qcow2 nor a raw disk of whole sectors")
    return "raw"


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")
