"""The state of a Git work tree."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from recipe_runner.engine.preconditions.base import Finding, Precondition, World
from recipe_runner.engine.preconditions.probe import Answer, ask

NAME = r"^[^\s\x00-\x20\x7f~^:?*\[\\-][^\s\x00-\x20\x7f~^:?*\[\\]*$"
"""What git-check-ref-format(1) forbids, and a leading dash, which would be read as an option."""


class Git(Precondition):
    """A work tree is in the state that is wanted; what is not written is not looked at."""

    kind: ClassVar[str] = "git"
    summary: ClassVar[str] = "a Git work tree is clean, on a branch, without a tag"

    git: str = Field(min_length=1, description="a directory of the work tree")
    clean: bool = Field(False, description="nothing changed, staged or untracked")
    branch: str | None = Field(None, pattern=NAME, description="the branch that is checked out")
    tag_absent: str | None = Field(None, pattern=NAME, description="a tag that must not be there yet")

    @override
    def text(self) -> str:
        wanted = [
            *(["clean"] if self.clean else []),
            *([f"on branch `{self.branch}`"] if self.branch else []),
            *([f"without tag `{self.tag_absent}`"] if self.tag_absent else []),
        ]
        return f"Git work tree `{self.git}` {', '.join(wanted)}".strip()

    @override
    def evaluate(self, world: World) -> Finding:
        inside = self._ask(world, "rev-parse", "--is-inside-work-tree")
        if inside.code != 0:
            said = inside.stderr.decode("utf-8", "replace").splitlines()
            fatal = next((row for row in said if row.startswith("fatal: ")), inside.last_line())
            return Finding(met=False, detail=fatal.removeprefix("fatal: "))
        if inside.stdout.strip() != b"true":
            return Finding(met=False, detail=f"`{self.git}` is a Git repository without a work tree")
        faults = [fault for fault in (self._unclean(world), self._astray(world), self._tagged(world)) if fault]
        if faults:
            return Finding(
                met=False,
                detail="; ".join(detail for detail, _ in faults),
                hint="; ".join(hint for _, hint in faults),
            )
        head = self._ask(world, "rev-parse", "--verify", "--short", "HEAD")
        return Finding(
            met=True,
            detail=f"at {head.stdout.decode(errors='replace').strip()}" if head.code == 0 else "nothing committed yet",
        )

    def _unclean(self, world: World) -> tuple[str, str] | None:
        if not self.clean:
            return None
        status = self._ask(world, "status", "--porcelain", "--no-renames", "-z")
        if status.code != 0:
            return status.last_line(), "mend the repository"
        changes = [entry for entry in status.stdout.decode(errors="replace").split("\0") if entry]
        if not changes:
            return None
        first = changes[0][3:]
        more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        return f"`{first}`{more} not committed", "commit, ignore or remove it (`git status`)"

    def _astray(self, world: World) -> tuple[str, str] | None:
        if self.branch is None:
            return None
        answer = self._ask(world, "symbolic-ref", "--quiet", "--short", "HEAD")
        branch = answer.stdout.decode(errors="replace").strip()
        if branch == self.branch:
            return None
        return f"on branch `{branch}`" if branch else "on no branch", f"`git switch {self.branch}`"

    def _tagged(self, world: World) -> tuple[str, str] | None:
        if self.tag_absent is None:
            return None
        answer = self._ask(world, "show-ref", "--verify", "--quiet", f"refs/tags/{self.tag_absent}")
        if answer.code == 1:
            return None
        return f"tag `{self.tag_absent}` is there", "choose another version, or remove the tag if nobody has it"

    def _ask(self, world: World, *arguments: str) -> Answer:
        place = ("-c", "core.fsmonitor=false", "-C", str(world.path(self.git)))
        return ask(
            ("git", *place, *arguments),
            world,
            environ={**world.environ, "GIT_OPTIONAL_LOCKS": "0"},
            limit=self.limit() / 6,
        )
