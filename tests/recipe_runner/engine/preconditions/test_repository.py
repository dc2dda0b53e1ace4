from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from recipe_runner.engine.preconditions.base import Finding, World
from recipe_runner.engine.preconditions.repository import Git
from tests.recipe_runner.engine.preconditions.conftest import Look


def git(directory: Path, *arguments: str) -> str:
    """Run git as somebody, with nobody's settings."""
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *settings, *arguments],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def work_tree(tmp_path: Path) -> Path:
    """Make a repository with one commit on `main` and the tag `v1`."""
    tree = tmp_path / "tree"
    tree.mkdir()
    git(tree, "init", "--quiet", "--initial-branch", "main")
    (tree / "file").write_text("one\n")
    git(tree, "add", "file")
    git(tree, "commit", "--quiet", "--message", "one")
    git(tree, "tag", "v1")
    return tree


def test_everything_as_wanted(look: Look, work_tree: Path) -> None:
    """A clean tree on the branch without the tag is met, and the commit is shown."""
    found = look("git", "tree", clean="yes", branch="main", tag_absent="v2")
    assert found == Finding(True, f"at {git(work_tree, 'rev-parse', '--short', 'HEAD')}")


@pytest.mark.usefixtures("work_tree")
def test_every_fault_is_named(look: Look, tmp_path: Path) -> None:
    """An untracked file, another branch and an existing tag are all reported at once."""
    (tmp_path / "tree" / "new").touch()
    found = look("git", "tree", clean="yes", branch="stable", tag_absent="v1")
    assert not found.met
    assert found.detail == "`new` not committed; on branch `main`; tag `v1` is there"


@pytest.mark.parametrize("change", ["edit", "stage", "remove", "rename"])
def test_every_kind_of_change_is_unclean(look: Look, work_tree: Path, change: str) -> None:
    """Edited, staged, removed and renamed files are not clean; what is not asked for is not looked at."""
    file = work_tree / "file"
    if change == "remove":
        file.unlink()
    elif change == "rename":
        git(work_tree, "mv", "file", "other")
    else:
        file.write_text("two\n")
        git(work_tree, "add", *(["file"] if change == "stage" else ["--dry-run", "file"]))
    assert not look("git", "tree", clean="yes").met
    assert look("git", "tree").met


@pytest.mark.usefixtures("work_tree")
def test_a_detached_head_is_on_no_branch(look: Look, work_tree: Path) -> None:
    """A commit that is checked out by itself is on no branch, though a branch points to it."""
    git(work_tree, "checkout", "--quiet", "--detach")
    found = look("git", "tree", branch="main")
    assert (found.met, found.detail, found.hint) == (False, "on no branch", "`git switch main`")


def test_looking_changes_nothing(look: Look, work_tree: Path) -> None:
    """Not even the index is refreshed by looking."""
    (work_tree / "file").write_text("one\n")
    index = work_tree / ".git" / "index"
    before = index.read_bytes(), index.stat().st_mtime_ns
    look("git", "tree", clean="yes")
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_a_repository_cannot_run_its_own_programs(look: Look, work_tree: Path, tmp_path: Path) -> None:
    """A monitor program named in the repository's settings is not run."""
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(work_tree, "config", "core.fsmonitor", str(hook))
    look("git", "tree", clean="yes")
    assert not (tmp_path / "ran").exists()


def test_a_new_repository_has_nothing_committed(look: Look, tmp_path: Path) -> None:
    """A repository without a commit is a work tree all the same."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    assert look("git", ".", clean="yes", branch="main") == Finding(True, "nothing committed yet")


def test_what_is_no_work_tree(look: Look, tmp_path: Path) -> None:
    """A plain directory, a missing one and a bare repository are no work trees."""
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    assert "not a git repository" in look("git", ".", within=World({"PATH": "/usr/bin"}, tmp_path)).detail
    assert "missing" in look("git", "missing").detail
    assert look("git", "bare.git").detail == "`bare.git` is a Git repository without a work tree"


@pytest.mark.parametrize("name", ["", "-f", "a b", "a..b\n", "a:b", "a~1", "a^"])
def test_names_that_git_forbids_are_refused(name: str) -> None:
    """A branch or tag that could be an option or a revision is refused."""
    written: list[dict[str, Any]] = [{"git": ".", "branch": name}, {"git": ".", "tag-absent": name}]
    for requirement in written:
        with pytest.raises(ValidationError):
            Git.model_validate(requirement)
