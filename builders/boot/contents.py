"""What an image's root file system holds before it has ever been booted, read by debugfs without a mount.

Nothing is ever copied out of an image by name: a hostile one could have names that lead elsewhere. Places in the
partition table: UEFI specification, chapter 5; in an ext superblock: kernel documentation, ext4.
"""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import yaml

from builders.qcow2 import qemu_img
from builders.workshop.command import PATH
from recipe_runner.errors import RecipeError, UnmetError

CLOUD_INIT = "/usr/bin/cloud-init"
SSHD = "/usr/sbin/sshd"
_SETTINGS = "/etc/cloud/cloud.cfg.d"
_SECTOR = 512
_FARTHEST = 1 << 40
"""The last sector that is looked for: half a PiB."""
_ENTRY = 128
_LIMIT = 120.0
_LARGEST = 1 << 20
_NO_NAME = "nobody"


@dataclass(frozen=True, slots=True)
class Contents:
    """What is known of the root: where it begins in the image (bytes), and what a boot test asks of it.

    `cloud` says that cloud-init and an ssh server are in it, so that a key can be given and used; `why_not` says why
    that is not so. `user` is cloud-init's default user; `host_keys` are file names.
    """

    offset: int = 0
    cloud: bool = False
    why_not: str = ""
    user: str = _NO_NAME
    machine_id: str = ""
    host_keys: tuple[str, ...] = ()


def read_contents(image: Path, form: str, work: Path) -> Contents:
    """Look into the image; `work` is a private directory that a qcow2 is unpacked into for the while."""
    if form == "raw":
        return _read(image)
    raw = work / "contents.raw"
    try:
        qemu_img("convert", "-f", form, "-O", "raw", image, raw)
        return _read(raw)
    finally:
        raw.unlink(missing_ok=True)


def root_offset(image: Path) -> int | None:
    """Return where the ext file system of the root begins: of the whole file, or of partition 1 of its GPT."""
    with image.open("rb") as stream:
        if _is_ext(stream, 0):
            return 0
        stream.seek(_SECTOR)
        header = stream.read(_SECTOR)
        if not header.startswith(b"EFI PART") or len(header) < _SECTOR:
            return None
        (entries,) = struct.unpack_from("<Q", header, 72)
        if entries > _FARTHEST:
            return None
        stream.seek(entries * _SECTOR)
        entry = stream.read(_ENTRY)
        first = struct.unpack_from("<Q", entry, 32)[0] if len(entry) == _ENTRY else _FARTHEST + 1
        return first * _SECTOR if first <= _FARTHEST and _is_ext(stream, first * _SECTOR) else None


def default_user(settings: list[str]) -> str:
    """Return the default user's name in cloud-init's settings, later texts going before earlier ones."""
    name = _NO_NAME
    for text in settings:
        try:
            found = yaml.safe_load(text)["system_info"]["default_user"]["name"]
        except (yaml.YAMLError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(found, str):  # a list could be larger, written out, than any memory
            name = found
    return name if re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", name) else _NO_NAME


def _read(image: Path) -> Contents:
    offset = root_offset(image)
    if offset is None:
        return Contents(why_not="the root file system cannot be looked into")
    root = f"{image.absolute()}?offset={offset}"
    lacking = [path for path in (CLOUD_INIT, SSHD) if "File not found" in _debugfs(root, f"stat {path}")]
    settings = ["/etc/cloud/cloud.cfg", *(f"{_SETTINGS}/{name}" for name in _names(root, _SETTINGS, r".*\.cfg"))]
    return Contents(
        offset=offset,
        cloud=not lacking,
        why_not=f"the image has no {' and no '.join(lacking)}" if lacking else "",
        user=default_user([_debugfs(root, f"cat {path}", quiet=True) for path in settings]),
        machine_id=_debugfs(root, "cat /etc/machine-id", quiet=True).strip(),
        host_keys=tuple(_names(root, "/etc/ssh", "ssh_host_.*")),
    )


def _names(root: str, directory: str, wanted: str) -> list[str]:
    """Return the plain names in a directory that match; others could not be asked for in debugfs's own language."""
    rows = _debugfs(root, f"ls -p {directory}", quiet=True)  # /inode/mode/uid/gid/name/size/
    names = re.findall(r"^(?:/\d+){4}/([A-Za-z0-9._-]+)/", rows, re.MULTILINE)
    return sorted(name for name in names if re.fullmatch(wanted, name))


def _debugfs(root: str, request: str, *, quiet: bool = False) -> str:
    """Ask debugfs, which only reads, and return what it says; `quiet` leaves its complaints out."""
    try:
        with tempfile.TemporaryFile() as said:
            subprocess.run(
                # a file of an image may have any size: the one that is written has not
                ["prlimit", f"--fsize={_LARGEST}", "debugfs", "-R", request, root],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT,
                timeout=_LIMIT,
                check=False,
                env={"PATH": PATH, "LC_ALL": "C.UTF-8"},
            )
            said.seek(0)
            return said.read(_LARGEST).decode("utf-8", "replace")
    except FileNotFoundError as fault:
        raise UnmetError.because("`debugfs` is not installed", hint="apt install e2fsprogs") from fault
    except subprocess.TimeoutExpired as fault:
        raise RecipeError.because(f"debugfs did not read the image within {_LIMIT:.0f} s") from fault


def _is_ext(stream: BinaryIO, offset: int) -> bool:
    stream.seek(offset + 1080)
    return stream.read(2) == b"\x53\xef"
