"""Git repositories made by the real git."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(directory: Path, *arguments: str, given: str = "") -> str:
    """Run git in a directory and return what it printed."""
    person = [f"-c user.{key}=x@example.org" for key in ("name", "email")]
    argv = ["git", *" ".join(person).split(), *arguments]
    done = subprocess.run(argv, cwd=directory, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def bare(directory: Path) -> Path:
    """Make a bare repository that refuses rewritten and deleted branches."""
    directory.mkdir(parents=True)
    git(directory, "init", "-q", "--bare")
    git(directory, "config", "receive.denyNonFastForwards", "true")
    git(directory, "config", "receive.denyDeletes", "true")
    return directory


def put(directory: Path, branch: str, path: str, content: str | None) -> None:
    """Add a file to a branch of a bare repository, or take one out of it, in a new commit."""
    ref = f"refs/heads/{branch}"
    exists = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", ref], cwd=directory, capture_output=True, check=False
    )
    if exists.returncode == 0:
        git(directory, "read-tree", ref)
    if content is None:
        git(directory, "rm", "-q", "--cached", "--ignore-unmatch", "--", path)
    else:
        blob = git(directory, "hash-object", "-w", "--stdin", given=content)
        git(directory, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    parent = ["-p", ref] if exists.returncode == 0 else []
    commit = git(directory, "commit-tree", git(directory, "write-tree"), *parent, "-m", "x")
    git(directory, "update-ref", ref, commit)
