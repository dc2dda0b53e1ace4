"""`recipe image build` and `recipe image reproduce`; what a verb needs is imported when it runs."""

# ruff: noqa: PLC0415 - `recipe --help` loads this module, and must not pay for pydantic and rich
from __future__ import annotations

from pathlib import Path

import click

from recipe_runner.errors import ExitCode


@click.command()
@click.argument("definition", type=click.Path(dir_okay=False, path_type=Path), metavar="DEFINITION.toml")
@click.option(
    "--tree", required=True, type=click.Path(file_okay=False, path_type=Path), help="Publish below this directory."
)
@click.option("--serial", metavar="YYYYMMDD[.N]", help="Name of this build; default: the next free one of today.")
@click.option("--key", metavar="FINGERPRINT", help="Sign the checksums with this key of GNUPGHOME.")
@click.option("--only", metavar="MEMBER", help="Build this one of the definition's images.")
@click.option("--no-cache", is_flag=True, help="Make every phase anew, and keep none.")
def build(definition: Path, tree: Path, serial: str | None, key: str | None, only: str | None, no_cache: bool) -> None:
    """Build the images and put each whole into the tree, checksummed, as <flavour>/<codename>/<serial>/.

    The same definition, serial and archive state give the same bytes. A definition with a matrix gives one image for
    each of its members.
    """
    from builders.build.cache import PhaseCache
    from builders.build.e2fsprogs import cache_directory
    from builders.build.image import build_image, next_serial
    from builders.distros.check import load_definition, load_members
    from builders.images.serial import Serial
    from builders.publish.tree import Tree
    from recipe_runner.console.terminal import Terminal

    wanted = (load_definition(definition, only),) if only else load_members(definition)
    place = Tree(tree)
    chosen = Serial.parse(serial) if serial else next_serial(place, wanted)
    terminal = Terminal()
    cache = None if no_cache else PhaseCache(cache_directory() / "phases")
    for one in wanted:
        if len(wanted) > 1:
            terminal.note(f"{one.member}: {one.title}")
        terminal.say(str(build_image(one, chosen, place, progress=terminal, key=key, cache=cache)))


@click.command()
@click.argument("built", type=click.Path(file_okay=False, path_type=Path), metavar="BUILD")
@click.option("--key", metavar="FINGERPRINT", help="The checksums must be signed by this key of GNUPGHOME.")
@click.option("--explain", is_flag=True, help="Show what diffoscope says of each file that differs.")
def reproduce(built: Path, key: str | None, explain: bool) -> int:
    """Build the image of directory BUILD again elsewhere and compare every file. Exit code 4 if one differs."""
    from builders.build import reproduce as work
    from recipe_runner.console.terminal import Terminal

    if explain:
        work.require_diffoscope()
    terminal = Terminal()
    with work.reproduce(built, progress=terminal, key=key) as reproduction:
        terminal.table(
            ["file", "promised", "made again", ""],
            (
                [
                    file.name,
                    (file.promised or "")[:12],
                    (file.remade or "")[:12],
                    (file.verdict, "good" if file.verdict == "same" else "bad"),
                ]
                for file in reproduction.files
            ),
        )
        for suite in reproduction.moved:
            terminal.warn(f"the archive of {suite} has moved on: its index is not the one this build was made from")
        if explain:
            for said in work.explain(built, reproduction):
                terminal.say(said)
    if reproduction.same:
        terminal.say(f"reproduced: {len(reproduction.files)} files, all the same", "good")
        return ExitCode.DONE
    others = sum(file.verdict != "same" for file in reproduction.files)
    terminal.say(f"not reproduced: {others} of {len(reproduction.files)} files are not the same", "bad")
    return ExitCode.VERIFICATION
