"""A machine as libvirt knows it: its domain as XML, its disks beside it.

Format: https://libvirt.org/formatdomain.html. libvirt 9 has no NVMe disks of its own: the disk is a virtio one.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_lowercase
from typing import Literal
from xml.etree import ElementTree as ET

from builders.boot.check import Terms, tools
from builders.boot.contents import read_contents
from builders.boot.instance import make_seed, new_instance
from builders.boot.machine import PLATFORMS
from builders.boot.ssh import Key
from builders.boot.subject import Subject, make_overlay
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.sanitise import line

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
DISK = "/dev/vda"


@dataclass(frozen=True, slots=True)
class Attachment:
    """What the machine's network card is joined to: a virtual network of libvirt, or a bridge of the host."""

    kind: Literal["network", "bridge"] = "network"
    name: str = "default"


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain: its name, its subject and terms, the disks that were made for it, the one that boots first."""

    name: str
    subject: Subject
    terms: Terms
    attachment: Attachment
    overlays: tuple[Path, ...]
    seed: Path | None

    def xml(self) -> bytes:
        """Return the domain's description."""
        platform = PLATFORMS[self.subject.architecture]
        kvm = self.terms.accelerator == "kvm"
        root = ET.Element("domain", type="kvm" if kvm else "qemu")
        _add(root, "name", text=self.name)
        _add(root, "memory", {"unit": "MiB"}, str(self.terms.memory))
        _add(root, "vcpu", text=str(self.terms.cpus))
        self._start(_add(root, "os"))
        features = _add(root, "features")
        _add(features, "acpi")
        _add(root, "cpu", {"mode": "host-passthrough"} if kvm else {"mode": "maximum"})
        clock = _add(root, "clock", {"offset": "utc"})
        if self.subject.architecture == "amd64":
            _add(clock, "timer", {"name": "hpet", "present": "no"})
        devices = _add(root, "devices")
        _add(devices, "emulator", text=f"/usr/bin/{platform.program}")
        letters = iter(ascii_lowercase)
        for overlay in self.overlays:
            _disk(devices, overlay, "qcow2", f"vd{next(letters)}")
        if self.seed:
            _add(_disk(devices, self.seed, "raw", f"vd{next(letters)}"), "readonly")
        card = _add(devices, "interface", {"type": self.attachment.kind})
        _add(card, "source", {self.attachment.kind: self.attachment.name})
        _add(card, "model", {"type": "virtio"})
        _add(_add(devices, "serial", {"type": "pty"}), "target", {"port": "0"})
        _add(_add(devices, "console", {"type": "pty"}), "target", {"type": "serial", "port": "0"})
        source = _add(devices, "rng", {"model": "virtio"})
        _add(source, "backend", {"model": "random"}, "/dev/urandom")
        ET.indent(root)
        text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return text + b"\n"

    def _start(self, system: ET.Element) -> None:
        platform = PLATFORMS[self.subject.architecture]
        machine = platform.machine.partition(",")[0]
        _add(system, "type", {"arch": _ARCHITECTURES[self.subject.architecture], "machine": machine}, "hvm")
        if kernel := self.subject.kernel:
            _add(system, "kernel", text=str(kernel.image.absolute()))
            if kernel.ramdisk:
                _add(system, "initrd", text=str(kernel.ramdisk.absolute()))
            _add(system, "cmdline", text=kernel.command_line(DISK))
            return
        if self.terms.firmware == "uefi":
            _add(system, "loader", {"readonly": "yes", "type": "pflash"}, str(platform.code))
            _add(system, "nvram", {"template": str(platform.variables)})
        _add(system, "boot", {"dev": "hd"})


def write_domain(
    subject: Subject, terms: Terms, attachment: Attachment, key: Key | None, file: Path, work: Path
) -> Domain:
    """Write the domain to `file`, its disk and, where a key is given, its seed beside it; return the domain.

    Disks are overlays: the images must stay where they are, and are not written to. Raises UsageError, RecipeError.
    """
    disks = ((subject.image, subject.form), *subject.further)
    overlays = [file.with_name(f"{file.stem}{f'-{number}' if number else ''}.qcow2") for number in range(len(disks))]
    seed = file.with_name(f"{file.stem}-seed.img")
    for place in (file, *overlays, *([seed] if key else [])):
        if place.exists():
            raise UsageError.because(f"`{line(str(place))}` is there already", hint="choose another name")
    contents = read_contents(subject.image, subject.form, work)
    if key and not contents.cloud:
        raise UsageError.because(f"no key can be given: {contents.why_not}", hint="leave --ssh-key out")
    try:
        for (image, form), overlay in zip(disks, overlays, strict=True):
            made, _ = make_overlay(replace(subject, image=image, form=form), work)
            shutil.move(made, overlay)
        if key:
            shutil.move(make_seed(new_instance(key.public, hostname=file.stem), work, tools(work)), seed)
        places = tuple(overlay.absolute() for overlay in overlays)
        domain = Domain(file.stem, subject, terms, attachment, places, seed.absolute() if key else None)
        with file.open("xb") as stream:
            stream.write(domain.xml())
    except OSError as fault:
        raise RecipeError.because(f"cannot write `{line(str(file))}`: {fault.strerror}") from fault
    return domain


def _disk(devices: ET.Element, path: Path, form: str, name: str) -> ET.Element:
    disk = _add(devices, "disk", {"type": "file", "device": "disk"})
    _add(disk, "driver", {"name": "qemu", "type": form})
    _add(disk, "source", {"file": str(path)})
    _add(disk, "target", {"dev": name, "bus": "virtio"})
    return disk


def _add(parent: ET.Element, name: str, attributes: Mapping[str, str] | None = None, text: str = "") -> ET.Element:
    element = ET.SubElement(parent, name, dict(attributes or {}))
    element.text = text or None
    return element
