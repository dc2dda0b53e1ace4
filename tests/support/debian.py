"""A real Debian image for clouds, built once for all the workers of a test session."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.build.cache import PhaseCache
from builders.build.image import build_image, daily
from builders.distros.check import load_definition
from builders.images.serial import Serial
from builders.publish.tree import Names, Tree
from builders.workshop.bench import cache_directory
from tests.support.karmic import EXAMPLES, Notes
from tests.support.session import alone, common

DEFINITION = EXAMPLES / "debian-cloud.toml"


def debian_disk(factory: pytest.TempPathFactory) -> Path:
    """Return the disk of examples/images/debian-cloud.toml; whoever comes first builds it, and only what boots of it.

    About a minute on two processors; phases are kept from session to session, as the command keeps them.
    """
    definition = load_definition(DEFINITION).model_copy(update={"outputs": ("raw", "unpacked")})
    serial, place = Serial.parse("20261122"), common(factory) / "debian"
    tree = Tree(place)
    built = daily(tree, definition, serial)
    with alone(place):
        if not built.exists():
            cache = PhaseCache(cache_directory() / "phases")
            build_image(definition, serial, tree, progress=Notes(), cache=cache)
    return built / Names(definition.codename, definition.architecture, definition.flavour).raw
