"""A real Debian image for clouds, built once for all the workers of a test session."""

from __future__ import annotations

import fcntl
from pathlib import Path

from builders.build.cache import PhaseCache
from builders.build.image import build_image, daily
from builders.distros.check import load_definition
from builders.images.serial import Serial
from builders.publish.tree import Names, Tree
from builders.workshop.bench import cache_directory
from tests.support.karmic import EXAMPLES, Notes

DEFINITION = EXAMPLES / "debian-cloud.toml"


def debian_image(shared: Path) -> Path:
    """Return the qcow2 of examples/images/debian-cloud.toml below `shared`; whoever comes first builds it.

    About a minute and a half on two processors; phases are kept from session to session, as the command keeps them.
    """
    definition, serial, tree = load_definition(DEFINITION), Serial.parse("20261122"), Tree(shared / "debian")
    built = daily(tree, definition, serial)
    with (shared / "debian.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            cache = PhaseCache(cache_directory() / "phases")
            build_image(definition, serial, tree, progress=Notes(), cache=cache)
    return built / Names(definition.codename, definition.architecture, definition.flavour).image
