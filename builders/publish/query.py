"""Query files: tables of what was published, for programs that look for an image by its words.

Tab-separated, as on Ubuntu's cloud image server and as `ubuntu-cloudimg-query` reads them. Below `query/`:
`released.latest.txt` has suite, build name, label, serial; `<suite>/server/released[.current].txt` has in addition
store, architecture, region, ami, aki, ari, virtualisation; `…/released-dl[.current].txt` has architecture, path and
name instead. The files with `current` hold the newest serial of each kind only.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from builders.publish import durable
from builders.publish.identity import Identity
from builders.publish.publication import Publication
from recipe_runner.errors import RecipeError

Row = tuple[str, ...]

WHOLE_SERIAL = re.compile(r"[0-9]{8}(\.[1-9][0-9]*)?")

BUILD = "server"
STREAM = "released"
STORE = "ebs-ssd"
VIRTUALISATION = "hvm"

LATEST_WIDTH, IMAGE_WIDTH, DOWNLOAD_WIDTH = 4, 11, 7
SUITE, BUILD_NAME, LABEL, SERIAL, STORE_OR_ARCH, ARCH, REGION, VIRT = 0, 1, 2, 3, 4, 5, 6, 10


def image_rows(publication: Publication) -> list[Row]:
    """Return a row for each region's image."""
    who = publication.identity
    return [
        (who.codename, BUILD, who.label, who.serial, STORE, who.arch, region, ami, "", "", VIRTUALISATION)
        for region, ami in publication.amis.items()
    ]


def download_row(identity: Identity, path: str) -> Row:
    """Return the row of a file to download; `path` is relative to the tree."""
    return (identity.codename, BUILD, identity.label, identity.serial, identity.arch, path, identity.name)


def latest_row(identity: Identity) -> Row:
    """Return the row that names the newest release of a suite."""
    return (identity.codename, BUILD, identity.label, identity.serial)


def merged(old: Iterable[Row], new: Iterable[Row], *, key: Callable[[Row], Row]) -> list[Row]:
    """Return the rows in order, a new row in place of every old one with the same key."""
    rows = {key(row): row for row in old} | {key(row): row for row in new}
    return sorted(rows.values())


def newest(rows: Iterable[Row], *, key: Callable[[Row], Row]) -> list[Row]:
    """Return the row with the highest serial of each key."""
    best: dict[Row, Row] = {}
    for row in rows:
        kind = key(row)
        if kind not in best or serial_order(row[SERIAL]) >= serial_order(best[kind][SERIAL]):
            best[kind] = row
    return sorted(best.values())


def serial_order(serial: str) -> tuple[int, int]:
    """Return what serials are compared by: the day, then the number of the build on that day."""
    day, _, number = serial.partition(".")
    return int(day), int(number or 0)


def parse(text: str, width: int, *, path: str) -> list[Row]:
    """Read a table; raises RecipeError for a row of another width, which no writer of ours made."""
    rows = [tuple(line.split("\t")) for line in text.splitlines()]
    for number, row in enumerate(rows, 1):
        if len(row) != width or not WHOLE_SERIAL.fullmatch(row[SERIAL]):
            raise RecipeError.because(
                f"`{path}` line {number} has {len(row)} columns, wanted {width} with a serial in the fourth",
                hint="restore the file, or move it away and publish the index again",
            )
    return rows


def format_rows(rows: Iterable[Row]) -> str:
    """Write a table."""
    return "".join("\t".join(row) + "\n" for row in rows)


def update(root: Path, publication: Publication, download: str) -> list[Path]:
    """Enter a release into the query files under `root`, and return the files in the order they were replaced.

    What other releases entered stays. Two updates at once wait for each other. Raises RecipeError.
    """
    identity = publication.identity
    folder = root / "query" / identity.codename / BUILD
    latest = root / "query" / f"{STREAM}.latest.txt"
    with _alone(root / "query"):
        written = [
            *_enter(folder, f"{STREAM}-dl", DOWNLOAD_WIDTH, [download_row(identity, download)], _download_kind),
            *_enter(folder, STREAM, IMAGE_WIDTH, image_rows(publication), _image_kind),
        ]
        suites = newest(
            [*_read(latest, LATEST_WIDTH), latest_row(identity)], key=lambda row: (row[SUITE], row[BUILD_NAME])
        )
        durable.replace(latest, format_rows(suites).encode())
    return [*written, latest]


def _enter(folder: Path, stem: str, width: int, rows: list[Row], kind: Callable[[Row], Row]) -> list[Path]:
    every, current = folder / f"{stem}.txt", folder / f"{stem}.current.txt"
    table = merged(_read(every, width), rows, key=lambda row: (*kind(row), row[LABEL], row[SERIAL]))
    durable.replace(every, format_rows(table).encode())
    durable.replace(current, format_rows(newest(table, key=kind)).encode())
    return [every, current]


def _image_kind(row: Row) -> Row:
    return (row[SUITE], row[BUILD_NAME], row[STORE_OR_ARCH], row[ARCH], row[REGION], row[VIRT])


def _download_kind(row: Row) -> Row:
    return (row[SUITE], row[BUILD_NAME], row[STORE_OR_ARCH])


def _read(path: Path, width: int) -> list[Row]:
    try:
        return parse(path.read_text(encoding="utf-8"), width, path=str(path))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as fault:
        raise RecipeError.because(f"cannot read `{path}`: {fault}") from fault


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as fault:
        raise RecipeError.because(f"cannot write `{folder}`: {fault.strerror}") from fault
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
