"""What image formats take from clock and chance, replaced by what the build's identity says.

Formats: VMware's "Virtual Disk Format 5.0" (the header names the place of the embedded
descriptor at 28 and 36, in sectors; it holds the content id) and Microsoft's "Virtual Hard
Disk Image Format Specification" (the footer: time stamp at 24, checksum at 64, unique id at 68, big-endian).
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime
from pathlib import Path

from builders.build.layout import SECTOR
from builders.images.serial import Identity
from recipe_runner.errors import RecipeError

_FOOTER = 512
_VHD_ERA = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())


def stamp_vmdk(image: Path, identity: Identity, disk: str = "") -> None:
    """Give a VMDK the content id of this build; raises RecipeError for a file that has none."""
    content_id = b"CID=%08x" % (identity.uuid(f"vmdk {disk}").int & 0x7FFFFFFF)
    with image.open("r+b") as stream:
        place, room = (SECTOR * count for count in struct.unpack_from("<QQ", stream.read(SECTOR), 28))
        stream.seek(place)
        descriptor, replaced = re.subn(rb"(?m)^CID=[0-9a-f]+$", content_id, stream.read(room).rstrip(b"\0"))
        if replaced != 1 or len(descriptor) > room:
            raise RecipeError.because(f"`{image.name}` has no descriptor where a VMDK has it")
        stream.seek(place)
        stream.write(descriptor.ljust(room, b"\0"))


def stamp_vhd(image: Path, identity: Identity, disk: str = "") -> None:
    """Give a fixed VHD the serial's day and the id of this build; raises RecipeError for a file without its footer."""
    with image.open("r+b") as stream:
        stream.seek(-_FOOTER, 2)
        footer = bytearray(stream.read(_FOOTER))
        if not footer.startswith(b"conectix"):
            raise RecipeError.because(f"`{image.name}` has no footer of a VHD")
        struct.pack_into(">I", footer, 24, max(0, identity.serial.epoch - _VHD_ERA))
        footer[68:84] = identity.uuid(f"vhd {disk}").bytes
        footer[64:68] = bytes(4)
        struct.pack_into(">I", footer, 64, ~sum(footer) & 0xFFFFFFFF)
        stream.seek(-_FOOTER, 2)
        stream.write(footer)
