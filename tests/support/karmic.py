"""The tiny karmic image, built for real: its archive is generated, so it needs no network once its kernel is cached."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from builders.build.image import build_image
from builders.distros.check import load_definition
from builders.images.definition import Definition, Output
from builders.images.serial import Serial
from builders.publish.tree import Tree
from tests.support.session import alone, common

EXAMPLES = Path(__file__).parents[2] / "examples/images"
DEFINITION = EXAMPLES / "karmic-tiny.toml"
SERIAL = "20091022"
OUTPUTS: tuple[Output, ...] = get_args(Output)


class Notes:
    """Listens to a builder and keeps what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.said.append(f"warning: {text}")

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        self.said.append(title)
        yield

    @contextmanager
    def progress(self, title: str, total: float | None) -> Iterator[Callable[[float], None]]:
        self.said.append(f"{title}: {total}")
        yield lambda _: None


def definition() -> Definition:
    """Return examples/images/karmic-tiny.toml."""
    return load_definition(DEFINITION)


def build_karmic(root: Path, *, serial: str = SERIAL, key: str | None = None, **changes: Any) -> Path:
    """Build the tiny karmic into the tree at `root` and return its serial's directory (about three seconds).

    `changes` are keys of its definition with other values.
    """
    wanted = definition().model_copy(update=changes)
    return build_image(wanted, Serial.parse(serial), Tree(root), progress=Notes(), key=key)


def shared_karmic(factory: pytest.TempPathFactory, name: str, **changes: Any) -> Path:
    """Return the serial's directory of a tiny karmic that all workers share; whoever comes first builds it."""
    tree = common(factory) / name
    built = Tree(tree).daily("karmic", SERIAL)
    with alone(tree):
        return built if built.exists() else build_karmic(tree, **changes)


def copy_build(built: Path, root: Path) -> Path:
    """Copy a serial's directory into another tree, so that a test may change it; return the copy."""
    copy = Tree(root).daily("karmic", built.name)
    shutil.copytree(built, copy)
    return copy
