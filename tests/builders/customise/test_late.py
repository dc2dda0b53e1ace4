from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from builders.build.cache import PhaseCache
from builders.build.image import build_image
from builders.build.plan import plan_image
from builders.distros.check import load_definition
from builders.images.serial import Serial
from builders.publish.sums import digest, parse_sums
from builders.publish.tree import Tree
from builders.workshop.bench import drawn_bench
from builders.workshop.command import ToolError
from recipe_runner.errors import RecipeError
from tests.support.karmic import SERIAL, Notes

HEAD = """\
distribution = "tiny"
codename = "karmic"
title = "One with late hooks"
outputs = ["raw", "filesystem", "root-tar.gz"]
[disk]
size = "160 MiB"
"""
HOOK = '[[hooks]]\nscript = "{}"\nphase = "{}"\nwhere = "outside"\n{}'
SCRIPTS = {
    "label": 'tune2fs -L "$IMAGE_CODENAME" "$1"\n',
    "mark": 'printf marked | dd of="$IMAGE_ARTEFACT" bs=1 seek=446 conv=notrunc status=none\n',
    "check": 'test "$1 $IMAGE_NAME" = "$IMAGE_ARTEFACT root-tar.gz" || exit 0\n'
    'gzip -t "$1"; pwd; ! touch "$1"; ! touch "$1.more"\n',
    "wrap": 'test "$IMAGE_NAME" = root-tar.gz || exit 0\ngzip -cd "$1" > plain; gzip -9nc plain > "$1"\n',
    "grow": 'echo more >> "$1"\n',
    "fails": "echo this is why\nexit 3\n",
}
PREFIX = "karmic-server-cloudimg-amd64"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with scripts."""
    place = tmp_path / "definition"
    place.mkdir()
    for name, text in SCRIPTS.items():
        (place / name).write_text(f"#!/bin/sh\nset -e\n{text}")
        (place / name).chmod(0o755)
    return place


def build(
    folder: Path, tree: Path, *hooks: tuple[str, str, str], cache: PhaseCache | None = None
) -> tuple[Path, Notes]:
    """Build with hooks; return the serial's directory and what was said."""
    (folder / "x.toml").write_text(HEAD + "".join(HOOK.format(*hook) for hook in hooks))
    notes = Notes()
    wanted = load_definition(folder / "x.toml")
    return build_image(wanted, Serial.parse(SERIAL), Tree(tree), progress=notes, cache=cache, outside_hooks=True), notes


def test_hooks_change_what_is_made_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    """What a hook makes of a file takes its place, in all that follows too; a changed hook makes only the rest anew."""
    hooks = (("label", "filesystem", ""), ("mark", "disk", ""), ("check", "output", "read-only = true\n"))
    cache = PhaseCache(tmp_path / "cache")
    built, _ = build(folder, tmp_path / "one", *hooks, cache=cache)
    superblock = (built / f"{PREFIX}.ext4").read_bytes()[1024:2048]
    assert superblock[120:136].rstrip(b"\0") == b"karmic"
    with (built / f"{PREFIX}.raw").open("rb") as disk:
        disk.seek(446)
        assert disk.read(6) == b"marked"
    log = (built / f"{PREFIX}.build.log").read_text()
    assert f"{SERIAL}-" in log.split("cannot touch")[0]
    assert log.count("cannot touch") == 2  # neither what it only reads, nor another file
    assert {name: digest(built / name) for name in parse_sums((built / "SHA256SUMS").read_bytes())} == parse_sums(
        (built / "SHA256SUMS").read_bytes()
    )
    assert (built / f"{PREFIX}.raw").stat().st_uid == built.stat().st_uid
    before = gzip.decompress((built / f"{PREFIX}-root.tar.gz").read_bytes())
    again, notes = build(folder, tmp_path / "two", *hooks[:2], ("wrap", "output", ""), cache=cache)
    assert "root file system, kept from before" in notes.said
    assert "file systems and disks, kept from before" in notes.said
    assert digest(again / f"{PREFIX}.raw") == digest(built / f"{PREFIX}.raw")
    assert digest(again / f"{PREFIX}-root.tar.gz") != digest(built / f"{PREFIX}-root.tar.gz")
    assert gzip.decompress((again / f"{PREFIX}-root.tar.gz").read_bytes()) == before


@pytest.mark.parametrize(
    ("script", "phase", "message"),
    [("grow", "disk", "has changed the size of the disk"), ("fails", "filesystem", "`hook fails` ended with status 3")],
)
def test_a_late_hook_can_fail_the_build(folder: Path, tmp_path: Path, script: str, phase: str, message: str) -> None:
    """A failure is told with the hook's name and last words; nothing appears in the tree."""
    with pytest.raises(RecipeError, match=message) as caught:
        build(folder, tmp_path, (script, phase, ""))
    if isinstance(caught.value, ToolError):
        assert "this is why" in caught.value.said
    assert list((tmp_path / "server/karmic").iterdir()) == []


def test_a_plan_shows_late_hooks_where_they_are_run(folder: Path, tmp_path: Path) -> None:
    """Each is a command of its phase, with the variables it finds."""
    hooks = (("label", "filesystem", ""), ("wrap", "output", ""))
    (folder / "x.toml").write_text(HEAD + "".join(HOOK.format(*hook) for hook in hooks))
    bench = drawn_bench(load_definition(folder / "x.toml"), Serial.parse(SERIAL), Notes())
    phases = {phase.title: [str(command) for command in phase.commands] for phase in plan_image(bench, tmp_path).phases}
    disks = [command.partition(" ")[0] for command in phases["file systems and disks"]]
    assert disks.index("env") < disks.index("sfdisk")
    assert [text for text in phases["outputs"] if "IMAGE_NAME=root-tar.gz" in text and "hooks/01" in text]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('script = "mark"\nphase = "disk"\n', "nothing can run inside a file"),
        ('script = "mark"\nwhere = "outside"\nread-only = true\n', "a hook on a root may always change it"),
    ],
)
def test_what_makes_no_sense_is_refused(folder: Path, text: str, message: str) -> None:
    """No hook runs inside a file, and none only reads a root."""
    (folder / "x.toml").write_text(f"{HEAD}[[hooks]]\n{text}")
    with pytest.raises(RecipeError, match=message):
        load_definition(folder / "x.toml")
