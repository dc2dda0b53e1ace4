"""What is to be booted, and what the build it comes from says of it."""

from __future__ import annotations

import json
import re
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.archive import unpack_plain
from builders.boot.contents import root_offset
from builders.boot.machine import PLATFORMS, Architecture, Firmware, Form, Kernel
from builders.build.buildinfo import parse_info
from builders.build.layout import SECTOR
from builders.images.writing import DEFINITION
from builders.publish.tree import BUILD_INFO
from builders.qcow2 import is_qcow2, qemu_img, refuse_references
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.sanitise import line

DEFAULT_MARKER = "login:"


@dataclass(frozen=True, slots=True)
class Subject:
    """An image: `marker` is the text that proves it up, `kernel` what starts it without a boot loader.

    `further` are the build's other disks, which do not boot.
    """

    image: Path
    form: Form
    architecture: Architecture
    marker: str
    kernel: Kernel | None = None
    further: tuple[tuple[Path, Form], ...] = ()


def architecture_of(file: Path) -> Architecture:
    """Return the architecture that the build beside FILE says it has, else `amd64`."""
    return "arm64" if _info(file.parent).get("architecture") == "arm64" else "amd64"


def read_subject(file: Path, firmware: Firmware, work: Path, architecture: Architecture) -> Subject:
    """Return what FILE is: a disk, a file system, or a bundle of 2009 (`.tar.gz`), which is unpacked into `work`.

    Raises UsageError for what cannot be booted, or not in this way.
    """
    info = _info(file.parent)
    if firmware not in PLATFORMS[architecture].firmwares:
        raise UsageError.because(
            f"a machine of {architecture} has no firmware `{firmware}`",
            hint=f"choose among {', '.join(PLATFORMS[architecture].firmwares)}",
        )
    image, parts = _bundle(file, firmware, work) if file.name.endswith(".tar.gz") else (file, file.parent / "unpacked")
    form = image_format(image)
    if firmware != "direct" and form == "raw" and root_offset(image) == 0:
        raise _no_machine(image, "a file system", firmware)
    definition = _definition(file.parent)
    arguments = f"{PLATFORMS[architecture].arguments} {_arguments(definition, architecture)}"
    kernel = _kernel(image, form, parts, arguments.strip()) if firmware == "direct" else None
    marker = info.get("boot_marker") or DEFAULT_MARKER
    return Subject(image, form, architecture, marker, kernel, tuple(_further(file, definition)))


def image_format(image: Path) -> Form:
    """Tell a disk image's format by its first bytes, a VHD by its last sector.

    Raises UsageError for a file that is no image, and for one that would make QEMU open other files of this machine
    for the guest (a backing file, an external data file, other extents).
    """
    form = _telling(image)
    if form:
        refuse_references(image, form)
        return form
    size = image.stat().st_size
    if size == 0 or size % 512:
        raise UsageError.because(f"`{line(str(image))}` is neither qcow2 nor a raw disk of whole sectors")
    return "raw"


def make_overlay(subject: Subject, work: Path, growth: int = 0) -> tuple[Path, int]:
    """Return a new qcow2 in `work` that takes what the machine writes, and its size: the image's and `growth` bytes."""
    overlay = work / "disk.qcow2"
    size = virtual_size(subject.image, subject.form) + growth
    source = ("-b", subject.image, "-F", subject.form)
    qemu_img("create", "-q", "-f", "qcow2", *source, overlay, str(size))
    return overlay, size


def virtual_size(image: Path, form: Form) -> int:
    """Return the size of the disk in an image, in bytes."""
    size: int = json.loads(qemu_img("info", "--output=json", "-f", form, image))["virtual-size"]
    return size


def _telling(image: Path) -> Form | None:
    """Return the format that an image says it has."""
    if is_qcow2(image):
        return "qcow2"
    with image.open("rb") as stream:
        magic = stream.read(4)
        if magic == b"hsqs":
            raise UsageError.because(
                f"`{line(image.name)}` is a squashfs, a root that takes something writable over it",
                hint="boot the disk or the bundle of the same build",
            )
        if magic == b"KDMV":
            return "vmdk"
        stream.seek(max(0, image.stat().st_size - SECTOR))
        return "vpc" if stream.read(8) == b"conectix" else None


def _info(directory: Path) -> Mapping[str, str]:
    try:
        return parse_info((directory / BUILD_INFO).read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}


def _definition(directory: Path) -> Mapping[str, Any]:
    """Return what is written in the definition of the build in `directory`; nothing where there is none."""
    try:
        return tomllib.loads((directory / DEFINITION).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _arguments(definition: Mapping[str, Any], architecture: Architecture) -> str:
    try:
        return str(definition["boot"]["arguments"])
    except (KeyError, TypeError):
        return f"console={PLATFORMS[architecture].console}"


def _further(file: Path, definition: Mapping[str, Any]) -> Iterator[tuple[Path, Form]]:
    """Give the other disks of FILE's build, which lie beside it under the same kind of name; a bundle's are qcow2."""
    first = file.with_name(f"{file.name.removesuffix('.tar.gz')}.img") if file.name.endswith(".tar.gz") else file
    disks = definition.get("disks")
    for disk in disks if isinstance(disks, list) else []:
        name = str(disk.get("name", "")) if isinstance(disk, dict) else ""
        if re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name):
            path = first.with_name(f"{first.stem}-{name}{first.suffix}")
            yield path, image_format(path)


def _kernel(image: Path, form: Form, parts: Path, arguments: str) -> Kernel:
    kernels = sorted(path for path in parts.glob("*vmlinuz*") if path.is_file())
    if len(kernels) != 1:
        raise UsageError.because(
            f"`{line(str(parts))}` has {len(kernels)} kernels, wanted one to start `{line(image.name)}` with",
            hint="boot the image where it was built, beside `unpacked`, or the bundle `.tar.gz`",
        )
    ramdisks = sorted(path for path in parts.glob("*initrd*") if path.is_file())
    whole = form == "raw" and root_offset(image) == 0
    return Kernel(kernels[0], ramdisks[0] if ramdisks else None, arguments, None if whole else 1)


def _no_machine(file: Path, what: str, firmware: Firmware) -> UsageError:
    return UsageError.because(
        f"`{line(file.name)}` holds {what}, which no {firmware} machine starts", hint="add `--firmware direct`"
    )


def _bundle(file: Path, firmware: Firmware, work: Path) -> tuple[Path, Path]:
    if firmware != "direct":
        raise _no_machine(file, "a file system and a kernel", firmware)
    place = work / "bundle"
    try:
        with tarfile.open(file) as tar:
            unpack_plain(tar, place)
    except (OSError, tarfile.TarError) as fault:
        raise RecipeError.because(f"cannot unpack `{line(str(file))}`: {line(str(fault))}") from fault
    images = sorted(place.glob("*.img"))
    if len(images) != 1:
        raise UsageError.because(f"`{line(file.name)}` has {len(images)} file system images (`*.img`), wanted one")
    return images[0], place
