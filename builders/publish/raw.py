"""A raw disk from whatever form the image has: clouds read raw disks, people download qcow2."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders.qcow2 import is_qcow2, qemu_img, refuse_references


@contextmanager
def raw_disk(image: Path) -> Iterator[Path]:
    """Give the path of a raw disk with the image's content: the image itself, or a sparse copy for the block's time.

    Raises what `refuse_references` raises, and UsageError for an image that cannot be read.
    """
    if not is_qcow2(image):
        yield image
        return
    with tempfile.TemporaryDirectory(prefix="raw-disk-", dir="/var/tmp") as folder:
        raw = Path(folder) / "disk.raw"
        refuse_references(image)
        qemu_img("convert", "-f", "qcow2", "-O", "raw", image, raw)
        yield raw
