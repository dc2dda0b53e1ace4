"""Checksums of a serial directory: `SHA256SUMS` as `sha256sum` writes and reads it, and its detached signature."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builders.publish.tree import SIGNATURE, SUMS
from builders.sparse import pieces
from recipe_runner.errors import Diagnostic, Span, VerificationError
from recipe_runner.gpgv import Signature, verify_detached
from recipe_runner.sanitise import line


@dataclass(frozen=True, slots=True)
class VerifiedSums:
    """What was promised and held: who signed, and the sha256 (hex) of each listed file by its relative name."""

    signature: Signature
    digests: Mapping[str, str]


def verify_sums(directory: Path, *, certificates: Sequence[bytes], primaries: frozenset[str]) -> VerifiedSums:
    """Check the signature over `SHA256SUMS`, then every file it lists.

    Files that are not listed are not vouched for: use only names in the result. Raises VerificationError with one
    diagnostic for each file that is missing or differs; nothing of an unsigned list is believed.
    """
    listing, signature = _read(directory / SUMS), _read(directory / SIGNATURE)
    signed = verify_detached(listing, signature, certificates=certificates, primaries=primaries)
    digests = parse_sums(listing, path=str(directory / SUMS))
    faults = [f for f in _each(directory, digests) if f]
    if faults:
        raise VerificationError(*faults)
    return VerifiedSums(signed, digests)


def parse_sums(listing: bytes, *, path: str = SUMS) -> dict[str, str]:
    """Read `<sha256> *<name>` lines; raises VerificationError for malformed, repeated or outward-leading names."""
    digests: dict[str, str] = {}
    faults: list[Diagnostic] = []
    for number, raw in enumerate(listing.decode("utf-8", "replace").removesuffix("\n").split("\n"), 1):
        found = re.fullmatch(r"([0-9a-f]{64}) [ *](\S.*)", raw)
        if not found or not _inside(found[2]) or found[2] in digests:
            shown = line(raw)
            faults.append(
                Diagnostic(
                    "not a checksum line, wanted a sha256 and the name of a file not listed before",
                    Span(path, number, length=max(1, len(shown)), text=shown),
                )
            )
        else:
            digests[found[2]] = found[1]
    if not digests and not faults:
        faults.append(Diagnostic("lists no file", Span(path, 1)))
    if faults:
        raise VerificationError(*faults)
    return digests


def format_sums(digests: Mapping[str, str]) -> bytes:
    """Write the lines `sha256sum --check` reads, in order of name."""
    return "".join(f"{digests[name]} *{name}\n" for name in sorted(digests)).encode()


def digest(path: Path) -> str:
    """Return the file's sha256 in hex; raises OSError."""
    total = hashlib.sha256()
    for piece in pieces(path):
        total.update(piece)
    return total.hexdigest()


def digest_all(directory: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the sha256 of each named file, read side by side; raises OSError."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(lambda name: digest(directory / name), names), strict=True))


def _each(directory: Path, digests: Mapping[str, str]) -> list[Diagnostic | None]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda name: _compare(directory, name, digests[name]), sorted(digests)))


def _compare(directory: Path, name: str, promised: str) -> Diagnostic | None:
    path = directory / name
    shown = line(name)
    if not path.resolve().is_relative_to(directory.resolve()):
        return Diagnostic(f"`{shown}` leads out of `{directory}`")
    try:
        found = digest(path)
    except OSError as fault:
        return Diagnostic(f"cannot read `{shown}` in `{directory}`: {fault.strerror}")
    if found != promised:
        return Diagnostic(f"`{shown}` in `{directory}` has sha256 `{found}`, the signed list says `{promised}`")
    return None


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and name == str(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise VerificationError.because(
            f"cannot read `{path}`: {fault.strerror}", hint="verify only directories that were published whole"
        ) from fault
