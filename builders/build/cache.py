"""Finished phases kept under the hash of all they were made from, so that a build goes on from its last good file.

A key names content only: whoever changes an input asks for another key. Files are checked against their checksums each
time they are taken, so nothing here is synced; what a power cut spoilt is not found again. Builds share the cache:
entries appear whole by a rename, are held by a shared lock while they are read, and go only when nobody holds them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from builders.claims import claimed
from builders.publish.sums import format_sums, parse_sums
from builders.publish.tree import SUMS
from builders.sparse import copy_sparse, filled_blocks
from recipe_runner.errors import VerificationError

LIMIT = 4 << 30
_STAGING = ".new-"


def phase_key(phase: str, *inputs: object) -> str:
    """Return the key (sha256, hex) of what a phase makes of these inputs, values that JSON can write."""
    return hashlib.sha256(json.dumps([phase, *inputs], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PhaseCache:
    """The entries below `directory`; those unused for longest go when all take more than `limit` bytes."""

    directory: Path
    limit: int = LIMIT

    @contextmanager
    def holding(self, key: str | None) -> Iterator[Path | None]:
        """Give the directory of the files kept under `key`, which stay while the block runs, or None."""
        if key is None:
            yield None
            return
        path = self.directory / key
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            yield None
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            sound = _sound(path)
            if sound:
                os.utime(path)
            yield path if sound else None
        finally:
            os.close(handle)
        if not sound:
            _remove(path)

    def keep(self, key: str, files: Mapping[str, Path]) -> None:
        """Keep copies of the files by name; a cache that cannot be written is left alone."""
        with suppress(OSError):
            self.directory.mkdir(parents=True, exist_ok=True)
            with claimed(self.directory, _STAGING) as staged:
                for name, source in files.items():
                    copy_sparse(source, staged / name)
                (staged / SUMS).write_bytes(format_sums(_digests(staged, files)))
                staged.rename(self.directory / key)
            self._shrink()

    def _shrink(self) -> None:
        entries = [(path.stat().st_mtime_ns, path, _size(path)) for path in self.directory.glob("[0-9a-f]*")]
        total = sum(size for _, _, size in entries)
        for _, path, size in sorted(entries):
            if total <= self.limit:
                return
            if _remove(path):
                total -= size


def _sound(path: Path) -> bool:
    try:
        promised = parse_sums((path / SUMS).read_bytes())
        return _digests(path, promised) == promised
    except (OSError, VerificationError):
        return False


def _digests(directory: Path, names: Iterable[str]) -> dict[str, str]:
    """Return a sha256 of each file's size and data, for which its holes need not be read."""
    with ThreadPoolExecutor() as pool:
        wanted = sorted(names)
        return dict(zip(wanted, pool.map(lambda name: _digest(directory / name), wanted), strict=True))


def _digest(path: Path) -> str:
    """Hash the file's size, then number and content of each MiB that is not all zeros."""
    total = hashlib.sha256(b"%d\n" % path.stat().st_size)
    for number, data in filled_blocks(path):
        total.update(b"%d\n" % number)
        total.update(data)
    return total.hexdigest()


def _size(path: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in path.iterdir())


def _remove(path: Path) -> bool:
    """Remove an entry that nobody holds; whoever opens it meanwhile finds it unsound."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (path / SUMS).unlink(missing_ok=True)
        shutil.rmtree(path)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
