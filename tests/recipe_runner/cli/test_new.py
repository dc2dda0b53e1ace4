from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.command import environment, recipe


def test_a_new_recipe_has_no_faults(tmp_path: Path) -> None:
    """It passes `recipe check`, has a plan, and is called after its file."""
    done = recipe("new", "publish-the-docs.md", directory=tmp_path)
    assert (done.returncode, done.stdout) == (0, "publish-the-docs.md\n"), done.stderr
    assert "\n# Publish the docs\n" in (tmp_path / "publish-the-docs.md").read_text()
    assert recipe("check", "publish-the-docs.md", directory=tmp_path).returncode == 0
    assert recipe("plan", "publish-the-docs.md", directory=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["publish-the-docs.md"]


def test_a_title_can_be_given(tmp_path: Path) -> None:
    """Spaces and line ends in it become single spaces."""
    assert recipe("new", "r.md", "--title", " Release\n  it", directory=tmp_path).returncode == 0
    assert "\n# Release it\n" in (tmp_path / "r.md").read_text()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that is there stays byte for byte, also one that a link leads to nowhere."""
    (tmp_path / "r.md").write_text("mine")
    (tmp_path / "link.md").symlink_to("nowhere")
    for name in ("r.md", "link.md"):
        done = recipe("new", name, directory=tmp_path)
        assert done.returncode == 2
        assert f"`{name}` is there already" in done.stderr
    assert (tmp_path / "r.md").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.md", "r.md"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["r.md", "--title", " "], 2, "wanted words"),
        (["r.md", "--title", "a\x1b[2Jb"], 2, "wanted words"),
        (["nowhere/r.md"], 1, "no such file or directory"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    """One clear error, and no file."""
    done = recipe("new", *arguments, directory=tmp_path)
    assert done.returncode == code
    assert words in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_new_recipe_releases_a_git_project(tmp_path: Path) -> None:
    """As it is, it takes a small project to a pushed tag, and refuses to tag the same version twice."""
    project, runs = tmp_path / "project", tmp_path / "runs"
    person = {f"GIT_{who}_{what}": "me@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote")], check=True)
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    assert recipe("new", "release.md", directory=project).returncode == 0
    subprocess.run(["git", "-C", str(project), "remote", "add", "origin", str(tmp_path / "remote")], check=True)
    subprocess.run(["git", "-C", str(project), "add", "."], check=True)
    subprocess.run(["git", "-C", str(project), "commit", "-qm", "one"], check=True, env=environment(person))
    run = ("run", "release.md", "-p", "version=1.0.0", "--yes", "--accept", "publish", "--no-sign", "--runs", runs)
    done = recipe(*run, directory=project, environ=person)
    assert done.returncode == 0, done.stdout + done.stderr
    tags = subprocess.run(["git", "-C", str(tmp_path / "remote"), "tag"], capture_output=True, text=True, check=True)
    assert tags.stdout == "v1.0.0\n"
    assert recipe(*run, directory=project, environ=person).returncode == 1
