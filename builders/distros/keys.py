"""Keys of archives as files: whose they are, judged by GnuPG, before anything is believed that they sign."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from builders.images.attachment import Attachment
from builders.workshop.command import Commands, ToolError
from recipe_runner.errors import UnmetError, VerificationError
from recipe_runner.sanitise import line

ARMOUR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"


def key_name(stem: str, key: Attachment) -> str:
    """Return the file name by which apt knows how to read the key."""
    return f"{stem}.asc" if key.content.lstrip().startswith(ARMOUR) else f"{stem}.gpg"


def keep_key(key: Attachment, path: Path, pinned: Sequence[str], commands: Commands) -> None:
    """Write a key file for apt; raises VerificationError for one that holds other keys than the pinned ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(key.content)
    path.chmod(0o644)
    found = primaries(path, commands)
    if not found:
        raise UnmetError.because(f"`{line(key.path)}` holds no OpenPGP key", hint="export it with `gpg --export`")
    if pinned and (others := sorted(set(found) - set(pinned))):
        raise VerificationError.because(
            f"`{line(key.path)}` holds the key {others[0]}, which is none of those that the definition pins",
            hint="compare the fingerprint with the one that its owner publishes",
        )


def primaries(path: Path, commands: Commands) -> list[str]:
    """Return the fingerprints of the primary keys in a file, as gpg lists them."""
    with tempfile.TemporaryDirectory(prefix="g", dir=commands.environ["TMPDIR"]) as home:
        try:
            said = commands.extended(GNUPGHOME=home).output("gpg", "--batch", "--with-colons", "--show-keys", path)
        except ToolError:
            return []
    found, expected = [], False
    for row in said.split("\n"):
        fields = row.split(":")
        if fields[0] == "pub":
            expected = True
        elif fields[0] == "fpr" and expected:
            found.append(fields[9])
            expected = False
    return found
