from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from builders.workshop import modes
from builders.workshop.bench import cache_directory
from builders.workshop.foreign import native
from builders.workshop.modes import VARIABLE, choose_mode, entering, require_mode
from recipe_runner.errors import UnmetError, UsageError
from tests.support.karmic import DEFINITION, SERIAL, definition
from tests.support.strangers import as_nobody


@pytest.mark.parametrize(
    ("asked", "possible", "mode"),
    [
        ("required", True, "namespace"),
        ("preferred", True, "namespace"),
        ("preferred", False, "root"),
        ("none", True, "root"),
    ],
)
def test_root_gives_its_rights_away_only_when_it_is_said(
    monkeypatch: pytest.MonkeyPatch, asked: str, possible: bool, mode: str
) -> None:
    """In a user namespace root enters one; its own rights are used only where they were asked for by name."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(modes, "namespaces_work", lambda: possible)
    assert choose_mode({VARIABLE: asked}) == mode
    assert bool(entering(choose_mode({VARIABLE: asked}), Path("/w"))) == (mode == "namespace")


def test_root_without_namespaces_is_told_what_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is decided for the operator: without a word there is no build, and a strange word is a fault."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(modes, "namespaces_work", lambda: False)
    with pytest.raises(UnmetError) as caught:
        choose_mode({})
    assert f"{VARIABLE}=preferred" in (caught.value.diagnostics[0].hint or "")
    with pytest.raises(UsageError, match="wanted `required`, `preferred`, `none`"):
        choose_mode({VARIABLE: "no"})


def test_an_ordinary_user_takes_what_really_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user namespace where the kernel gives one, else faked owners, else a fault that says what to do."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/bin/x")
    monkeypatch.setattr(modes, "namespaces_work", lambda: True)
    assert choose_mode({}) == "namespace"
    monkeypatch.setattr(modes, "namespaces_work", lambda: False)
    monkeypatch.setattr(modes, "works", lambda command: command[0] == "fakeroot")
    assert choose_mode({}) == "fakechroot"
    monkeypatch.setattr(modes, "works", lambda _: False)
    with pytest.raises(UnmetError) as caught:
        choose_mode({})
    assert "--add-subuids" in (caught.value.diagnostics[0].hint or "")


def test_owners_that_are_faked_are_remembered(tmp_path: Path) -> None:
    """What one command gives to a user, the next still sees."""
    if not shutil.which("fakeroot"):
        pytest.skip("fakeroot is not installed")
    entered = [str(word) for word in entering("fakechroot", tmp_path)]
    (tmp_path / "owners").touch()
    (tmp_path / "file").touch()
    subprocess.run([*entered, "chown", "7:8", tmp_path / "file"], check=True)
    shown = subprocess.run([*entered, "stat", "-c", "%u:%g", tmp_path / "file"], check=True, capture_output=True)
    assert shown.stdout == b"7:8\n"


def test_foreign_programs_are_needed_only_where_packages_run_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine runs no arm64, only a root whose packages run nothing can be made for it."""
    foreign = definition().model_copy(update={"architecture": "arm64" if native() == "amd64" else "amd64"})
    monkeypatch.setattr(modes, "works", lambda _: False)
    monkeypatch.setattr(modes, "choose_mode", lambda: "namespace")
    require_mode(foreign, chroot=False)
    require_mode(definition().model_copy(update={"architecture": native()}), chroot=True)
    with pytest.raises(UnmetError, match=f"no programs for {foreign.architecture}"):
        require_mode(foreign, chroot=True)


def test_nobody_makes_the_bytes_that_root_makes(karmic: Path) -> None:
    """An ordinary user with a range of further numbers builds the same image, and leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="nobody-", dir="/var/tmp") as name:
        home = Path(name)
        home.chmod(0o755)
        for kind in ("tiny", "tools"):
            if (cache_directory() / kind).is_dir():
                shutil.copytree(cache_directory() / kind, home / ".cache/recipe-runner" / kind, symlinks=True)
        subprocess.run(["chown", "-R", "65534:65534", home], check=True)
        done = as_nobody(home, "image", "build", DEFINITION, "--tree", home / "tree", "--serial", SERIAL, "--no-cache")
        assert done.returncode == 0, done.stderr
        built = home / "tree/server/karmic" / SERIAL
        assert (built / "SHA256SUMS").read_text() == (karmic / "SHA256SUMS").read_text()
        assert [path.name for path in built.parent.iterdir() if path.name.startswith(".")] == []
        if modes.namespaces_work():
            assert '"isolation": "namespace"' in (built / "karmic-server-cloudimg-amd64.run.json").read_text()
