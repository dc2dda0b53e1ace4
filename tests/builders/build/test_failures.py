"""Faults that really happen to a build: each is told in words, and leaves nothing half-made."""

from __future__ import annotations

import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from builders.build.image import build_image
from builders.distros.check import load_definition
from builders.images.serial import Serial
from builders.publish.tree import Tree
from builders.workshop.command import ToolError
from builders.workshop.modes import VARIABLE
from recipe_runner.errors import ExitCode, UnmetError, VerificationError
from tests.support.archives import export_key, make_package, make_suite
from tests.support.command import RECIPE, recipe
from tests.support.karmic import DEFINITION, SERIAL, Notes
from tests.support.keyring import keyring, make_key

TEXT = """\
distribution = "ubuntu"
codename = "karmic"
title = "Ubuntu 9.10 (from a broken archive)"
[archive]
pockets = []
mirror = "{mirror}"
keyring = "archive.asc"
[disk]
size = "160 MiB"
"""


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files and tells nobody."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str, str]]:
    """Give an archive, served by HTTP and signed by a key: folder, address, the key's fingerprint."""
    archive = tmp_path / "archive"
    archive.mkdir()
    with keyring() as home, http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=archive)) as at:
        key = make_key(home, "archive")
        export_key(key, tmp_path / "archive.asc")
        thread = threading.Thread(target=at.serve_forever)
        thread.start()
        make_suite(archive, "karmic", {"main": [make_package(tmp_path, "base", "1", {"etc/base": "x"})]}, key)
        yield archive, f"http://127.0.0.1:{at.server_port}", key
        at.shutdown()
        thread.join()


def build(folder: Path, mirror: str, more: str = "") -> str:
    """Build and fail; return the last lines of what the tool said."""
    (folder / "x.toml").write_text(TEXT.format(mirror=mirror).replace("[disk]", f"{more}[disk]"))
    wanted = load_definition(folder / "x.toml")
    with pytest.raises(ToolError, match="mmdebstrap") as caught:
        build_image(wanted, Serial.parse(SERIAL), Tree(folder / "tree"), progress=Notes())
    assert list((folder / "tree/server/karmic").iterdir()) == []
    return caught.value.said


def test_a_mirror_without_the_suite_is_told(site: tuple[Path, str, str], tmp_path: Path) -> None:
    """The address and the 404 are among the last lines."""
    shutil.rmtree(site[0] / "dists")
    said = build(tmp_path, site[1])
    assert "404" in said
    assert "karmic" in said


@pytest.mark.usefixtures("site")
def test_a_directory_that_is_no_mirror_is_shown_to_nothing(tmp_path: Path) -> None:
    """The build ends before anything that packages bring is run."""
    (tmp_path / "x.toml").write_text(TEXT.format(mirror="file:///"))
    wanted = load_definition(tmp_path / "x.toml")
    with pytest.raises(UnmetError, match="`/` is no archive of `karmic`"):
        build_image(wanted, Serial.parse(SERIAL), Tree(tmp_path / "tree"), progress=Notes())


def test_a_mirror_that_sends_other_bytes_is_told(site: tuple[Path, str, str], tmp_path: Path) -> None:
    """An index that is not the signed one is refused."""
    index = site[0] / "dists/karmic/main/binary-amd64/Packages"
    index.write_bytes(index.read_bytes().replace(b"base", b"evil"))
    assert "Hash Sum mismatch" in build(tmp_path, site[1])


def test_an_archive_signed_by_another_is_told(site: tuple[Path, str, str], tmp_path: Path) -> None:
    """A signature by a key that the definition does not name counts for nothing."""
    with keyring() as home:
        export_key(make_key(home, "somebody else"), tmp_path / "archive.asc")
    said = build(tmp_path, site[1])
    assert "NO_PUBKEY" in said or "is not signed" in said


def test_a_key_that_is_not_pinned_is_refused_before_anything_is_fetched(
    site: tuple[Path, str, str], tmp_path: Path
) -> None:
    """A key file that holds another key than the definition pins is no key file for it."""
    pinned = f'fingerprints = ["{"A" * 40}"]\n'
    (tmp_path / "x.toml").write_text(TEXT.format(mirror=site[1]).replace("[disk]", f"{pinned}[disk]"))
    wanted = load_definition(tmp_path / "x.toml")
    with pytest.raises(VerificationError, match=site[2]):
        build_image(wanted, Serial.parse(SERIAL), Tree(tmp_path / "tree"), progress=Notes())


def test_a_package_that_is_not_there_is_told(site: tuple[Path, str, str], tmp_path: Path) -> None:
    """The name stands in the last lines."""
    assert "Unable to locate package linux-server" in build(tmp_path, site[1])


def runs(pid: int) -> bool:
    """Say whether a process is there and more than a corpse that nobody has buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


FULL = """
import sys
from builders.build import image
from tests.support.karmic import definition, SERIAL, Notes
from builders.images.serial import Serial
from builders.publish.tree import Tree
from pathlib import Path
from recipe_runner.errors import RecipeError
image.room_needed = lambda _: 0
try:
    image.build_image(definition(), Serial.parse(SERIAL), Tree(Path(sys.argv[1])), progress=Notes())
except RecipeError as error:
    said = getattr(error, "said", "")
    print("\\n".join(fault.message for fault in error.diagnostics), said)
print("end")
"""


@pytest.mark.parametrize(("where", "size"), [("tree", "30m"), ("scratch", "12m"), ("scratch", "60m")])
def test_a_full_file_system_is_told(where: str, size: str) -> None:
    """Whichever place is full, in whichever phase: the words say so, and both places are left as they were."""
    if os.geteuid():
        pytest.skip("mounting a small file system takes root")
    tree, scratch = Path(f"/var/tmp/full-tree-{os.getpid()}"), Path(f"/var/tmp/full-scratch-{os.getpid()}")
    for folder in (tree, scratch):
        folder.mkdir()
        folder.chmod(0o755)
    mounted = tree if where == "tree" else scratch
    command = f'mount -t tmpfs -o size={size},mode=755 none "$1" && "$2" -c "$3" "$4"; find "$4" "$TMPDIR" -type f'
    try:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", command, "sh", mounted, sys.executable, FULL, tree],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(Path(__file__).parents[3])},
        )
    finally:
        for folder in (tree, scratch):
            shutil.rmtree(folder)
    assert "no space left" in done.stdout.casefold(), done.stdout + done.stderr
    assert done.stdout.endswith("end\n"), "files were left behind"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_leaves_nothing(tmp_path: Path, scratch: Path, number: signal.Signals) -> None:
    """Ctrl-C, a termination and a lost terminal end the tools too, and release all that was held."""
    arguments = ("image", "build", DEFINITION, "--tree", tmp_path / "tree", "--serial", SERIAL, "--no-cache")
    environ = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen([RECIPE, *arguments], stderr=subprocess.PIPE, env=environ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first phase is over
        process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == ExitCode.INTERRUPTED, said
    assert list(scratch.iterdir()) == []
    assert list((tmp_path / "tree/server/karmic").iterdir()) == []


def test_what_a_killed_build_left_at_work_is_ended_by_the_next(tmp_path: Path) -> None:
    """After kill -9 a tool that is not confined goes on alone; the next build kills it, and sweeps its place."""
    if os.geteuid():
        pytest.skip("only root builds without being confined")
    scratch, folder = Path(f"/var/tmp/killed-{os.getpid()}"), tmp_path / "definition"
    scratch.mkdir()
    scratch.chmod(0o755)
    folder.mkdir()
    hook = folder / "hook"
    hook.write_text('#!/bin/sh\necho $$ > "$1/../pid"\necho ready > "$1/../../../ready"\nexec sleep 600\n')
    hook.chmod(0o755)
    (folder / "x.toml").write_text(
        f'{DEFINITION.read_text()}[[hooks]]\nscript = "hook"\nwhere = "outside"\nphase = "setup"\n'
    )
    os.mkfifo(scratch / "ready")
    arguments = ("image", "build", folder / "x.toml", "--tree", tmp_path / "tree", "--outside-hooks", "--no-cache")
    environ = {**os.environ, "TMPDIR": str(scratch), VARIABLE: "none"}
    try:
        with subprocess.Popen([RECIPE, *arguments], stderr=subprocess.DEVNULL, env=environ) as process:
            assert (scratch / "ready").read_text() == "ready\n"
            (left,) = scratch.glob("recipe-image-*")
            pid = int(next(left.glob("tmp/pid")).read_text())
            process.kill()
        assert runs(pid)
        done = recipe("image", "build", DEFINITION, "--tree", tmp_path / "tree", "--no-cache", environ=environ)
        assert done.returncode == ExitCode.DONE, done.stderr
        assert not runs(pid)
        assert list(scratch.glob("recipe-image-*")) == []
    finally:
        shutil.rmtree(scratch)
