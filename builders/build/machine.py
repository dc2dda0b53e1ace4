"""The virtual machine an image is booted in: QEMU's arguments, and what is checked of an image before it gets one."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builders.build.accelerator import Accelerator
from builders.build.tools import Tool
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.sanitise import line

Firmware = Literal["bios", "uefi"]

OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
MEMORY_MIB = 1024
CPUS = 2
_QCOW2_MAGIC = b"QFI\xfb"


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
    try:
        with image.open("rb") as stream:
            magic = stream.read(4)
        size = image.stat().st_size
    except OSError as fault:
        raise UsageError.because(f"cannot read `{line(str(image))}`: {fault.strerror}") from fault
    if magic != _QCOW2_MAGIC:
        if size == 0 or size % 512:
            raise UsageError.because(f"`{line(str(image))}` is neither qcow2 nor a raw disk of whole sectors")
        return "raw"
    foreign = _foreign_files(image)
    if foreign:
        raise UsageError.because(
            f"`{line(str(image))}` refers to another file, `{line(foreign)}`",
            hint="flatten it with `qemu-img convert -O qcow2`, if you trust it",
        )
    return "qcow2"


def _foreign_files(image: Path) -> str | None:
    done = subprocess.run(
        ["qemu-img", "info", "--output=json", "-f", "qcow2", str(image.resolve())],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = line(done.stderr.decode("utf-8", "replace").strip())
        raise RecipeError.because(f"qemu-img cannot read `{line(str(image))}`: {said}")
    about = json.loads(done.stdout)
    specific = about.get("format-specific", {}).get("data", {})
    found: str | None = about.get("backing-filename") or specific.get("data-file")
    return found


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")
