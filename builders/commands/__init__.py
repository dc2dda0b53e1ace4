"""`recipe image …` and `recipe cloud …`: the groups; each room has its verbs."""

from __future__ import annotations

import click

from builders.commands.boot import boot
from builders.commands.build import build, inspect, reproduce
from builders.commands.images import check_definitions, plan, print_schema
from builders.commands.rehearsal import group as cloud
from builders.commands.vmbuilder import import_vmbuilder
from recipe_runner.cli.verbs import Verbs

__all__ = ["cloud", "image"]


@click.group(name="image", cls=Verbs)
def image() -> None:
    """Build images, inspect and boot them."""


for verb in (check_definitions, plan, build, inspect, reproduce, boot, import_vmbuilder, print_schema):
    image.add_command(verb)
