"""A daily build in a tree, as the image builder leaves one, small and not bootable."""

from __future__ import annotations

from pathlib import Path

from builders.publish.signing import sign
from builders.publish.sums import digest_all, format_sums
from builders.publish.tree import SIGNATURE, SUMS, Names, Tree
from tests.support.disks import tiny_disk


def make_daily(tree: Tree, serial: str, key: str, *, codename: str = "karmic", arch: str = "amd64") -> Path:
    """Publish a daily signed by `key` and return its directory."""
    names = Names(codename, arch)
    final = tree.daily(codename, serial)
    with tree.staging(final) as staged:
        tiny_disk(staged / names.raw)
        (staged / names.image).write_bytes(b"compressed")
        (staged / names.manifest).write_text("base-files\t5.0.0\n")
        (staged / "build-info.txt").write_text(f"serial {serial}\n")
        (staged / "unpacked").mkdir()
        (staged / names.kernel("server")).write_bytes(b"kernel")
        files = [str(p.relative_to(staged)) for p in staged.rglob("*") if p.is_file()]
        listing = format_sums(digest_all(staged, files))
        (staged / SUMS).write_bytes(listing)
        (staged / SIGNATURE).write_bytes(sign(listing, key))
    return final
