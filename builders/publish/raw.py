"""A raw disk from whatever form the image has: clouds read raw disks, people download qcow2."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recipe_runner.errors import RecipeError, UnmetError
from recipe_runner.sanitise import line

QCOW2_MAGIC = b"QFI\xfb"
LIMIT = 1800.0
"""Seconds that a conversion may take."""


@contextmanager
def raw_disk(image: Path) -> Iterator[Path]:
    """Give the path of a raw disk with the image's content: the image itself, or a sparse copy for the block's time.

    A qcow2 image that refers to other files is refused: it would bring in bytes that nobody signed.
    """
    try:
        with image.open("rb") as stream:
            magic = stream.read(len(QCOW2_MAGIC))
    except OSError as fault:
        raise RecipeError.because(f"cannot read the image `{image}`: {fault.strerror}") from fault
    if magic != QCOW2_MAGIC:
        yield image
        return
    with tempfile.TemporaryDirectory(prefix="raw-disk-", dir="/var/tmp") as folder:
        raw = Path(folder) / "disk.raw"
        _refuse_references(image)
        _qemu_img("convert", "-f", "qcow2", "-O", "raw", "--", str(image), str(raw))
        yield raw


def _refuse_references(image: Path) -> None:
    facts = json.loads(_qemu_img("info", "-f", "qcow2", "--output=json", "--", str(image)))
    data_file = facts.get("format-specific", {}).get("data", {}).get("data-file")
    for kind, name in (("backing file", facts.get("backing-filename")), ("data file", data_file)):
        if name:
            raise RecipeError.because(f"the image `{image}` refers to the {kind} `{line(str(name))}`, wanted none")


def _qemu_img(*arguments: str) -> bytes:
    try:
        done = subprocess.run(["qemu-img", *arguments], capture_output=True, check=True, timeout=LIMIT)
    except FileNotFoundError as fault:
        raise UnmetError.because("`qemu-img` is not installed", hint="install the package `qemu-utils`") from fault
    except subprocess.CalledProcessError as fault:
        reason = line(fault.stderr.decode("utf-8", "replace").strip())
        raise RecipeError.because(f"`qemu-img {arguments[0]}` failed: {reason}") from fault
    except subprocess.TimeoutExpired as fault:
        raise RecipeError.because(f"`qemu-img {arguments[0]}` took longer than {LIMIT:.0f} seconds") from fault
    return done.stdout
