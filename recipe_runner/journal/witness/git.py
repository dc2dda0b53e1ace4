"""`git`: a branch of a remote repository, to which each head is added as a file `<run>/<records>` in a commit.

Whoever controls the remote, and refuses rewritten branches there, is the witness; a commit's date is the operator's
word and proves no time.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from recipe_runner.claims import temporary
from recipe_runner.engine.preconditions.probe import KEPT, Answer, ask
from recipe_runner.engine.preconditions.world import World
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.journal.witness.base import Attestation, Case, TrustedWitness, WitnessError
from recipe_runner.journal.witness.head import STATEMENT_CAP, Head
from recipe_runner.journal.witness.inquiry import Inquiry
from recipe_runner.journal.witness.statements import compared
from recipe_runner.sanitise import line

BRANCH = "witness"
"""The branch where an address names none."""
NAME = re.compile(r"(?!.*(?:\.\.|//|\.lock(?:/|$)))[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z0-9]")
CHANGE = re.compile(r":[0-7]{6} ([0-7]{6}) [0-9a-f]+ ([0-9a-f]{40,64}) [A-Z][0-9]*\t(.*)")
FILE = "100644"
TRIES = 5
"""Others may push to the branch at the same time; then it is fetched again."""
OVERTAKEN = (
    b"fetch first", b"non-fast-forward", b"cannot lock ref", b"failed to update ref", b"reference already exists",
    b"incorrect old value",
)  # fmt: skip
ASKING_SECONDS = 120.0
PERSON = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "recipe-runner"), ("EMAIL", "recipe-runner@localhost"))
}


class GitRemote:
    """Any repository that git can push to, by whatever transport it knows."""

    suffix: ClassVar[str] = ".txt"

    def check(self, address: str) -> None:
        """Accept what git takes for a repository, with a branch behind `#`."""
        _Branch.of(address)

    def attest(self, address: str, head: Head, limit: float) -> bytes:
        """Add the statement to the branch by a push that rewrites nothing; the receipt names the commit."""
        with _Branch.of(address).opened(limit) as repository:
            for _ in range(TRIES):
                commit = repository.commit(head, repository.fetch("--depth=1"))
                if repository.push(commit):
                    break
            else:
                raise WitnessError.because(f"`{address}` has changed {TRIES} times while it was written to")
        return head.statement() + f"repository: {address}\ncommit: {commit}\n".encode()

    def testify(self, trusted: TrustedWitness, case: Case, inquiry: Inquiry) -> Iterable[Attestation]:
        """Read every statement about the run that the branch ever held, also those that later commits removed."""
        if trusted.address is None:
            raise WitnessError.because("the policy names no `address` of the repository", hint="add address = URL")
        branch = _Branch.of(trusted.address)
        repository = inquiry.once(f"git at {trusted.address}", branch, branch.fetched)
        if repository is not None:
            found = list(repository.lasting(ASKING_SECONDS).statements(case.run))
            yield from compared("git", trusted.address, found, case)


@dataclass(frozen=True, slots=True)
class _Branch:
    url: str
    name: str

    @classmethod
    def of(cls, address: str) -> Self:
        url, _, name = address.partition("#")
        name = name or BRANCH
        if url and Path(url).is_dir():
            url = str(Path(url).absolute())
        if not url or url.startswith("-") or NAME.fullmatch(name) is None:
            raise UsageError.because(
                f"`{line(address)}` names no repository and branch", hint="write git=URL or git=URL#BRANCH"
            )
        return cls(url, name)

    @contextmanager
    def opened(self, limit: float) -> Iterator[_Repository]:
        """Give an empty repository of our own to work in; what it asks git for must end within `limit` seconds."""
        with temporary("witness") as scratch:
            repository = _Repository(scratch, self, time.monotonic() + limit)
            repository.git("init", "-q", "--bare", str(scratch))
            yield repository

    def fetched(self, held: ExitStack) -> _Repository | None:
        """Return a copy of the branch, which `held` keeps, or None where the remote does not have it."""
        repository = held.enter_context(self.opened(ASKING_SECONDS))
        return repository if repository.fetch() else None


@dataclass(frozen=True, slots=True)
class _Repository:
    """A scratch repository beside the remote one."""

    directory: Path
    branch: _Branch
    deadline: float

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch.name}"

    def lasting(self, limit: float) -> _Repository:
        """Return the same repository with so many seconds from now on."""
        return replace(self, deadline=time.monotonic() + limit)

    def fetch(self, *options: str) -> str | None:
        """Fetch the branch and return its commit, or None where the remote does not have it; raises WitnessError."""
        listed = self.git("ls-remote", "--", self.branch.url, self.ref).stdout.decode("ascii", "replace")
        if not any(row.endswith(f"\t{self.ref}") for row in listed.splitlines()):
            return None
        self.git("fetch", "-q", "--no-tags", *options, "--", self.branch.url, f"+{self.ref}:{self.ref}")
        return self.git("rev-parse", "--verify", "-q", self.ref).stdout.decode("ascii").strip()

    def commit(self, head: Head, parent: str | None) -> str:
        """Make a commit that adds the statement to what the parent has."""
        if parent:
            self.git("read-tree", parent)
        blob = self.git("hash-object", "-w", "--stdin", stdin=head.statement()).stdout.decode().strip()
        self.git("update-index", "--add", "--cacheinfo", f"{FILE},{blob},{head.run}/{head.records}")
        tree = self.git("write-tree").stdout.decode().strip()
        said = f"Run {head.run}, {head.records} records\n\nhead: {head.head}\n"
        above = ("-p", parent) if parent else ()
        return self.git("commit-tree", tree, *above, stdin=said.encode()).stdout.decode().strip()

    def push(self, commit: str) -> bool:
        """Push a commit; False where the branch has gone on in the meantime."""
        done = self._run("push", "--porcelain", "--", self.branch.url, f"{commit}:{self.ref}")
        if done.code == 0:
            return True
        if any(reason in done.stdout for reason in OVERTAKEN):
            return False
        raise _failure("push", done)

    def statements(self, run: str) -> Iterator[bytes]:
        """Yield every version of every file below the run's name in the whole history of the branch.

        `-m --full-history`: else git leaves out the side of a merge whose files the merge did not take.
        """
        listing = ("--format=", "--raw", "--no-abbrev", "--no-renames", "-m", "--full-history")
        history = self.git("log", *listing, self.ref, "--", f"{run}/")
        if len(history.stdout) >= KEPT:
            raise WitnessError.because("the branch has more statements about this run than can be read")
        blobs = dict.fromkeys(
            found[2]
            for row in history.stdout.decode("utf-8", "replace").splitlines()
            if (found := CHANGE.fullmatch(row)) and set(found[2]) != {"0"}
        )
        for blob in blobs:
            if int(self.git("cat-file", "-s", blob).stdout) <= STATEMENT_CAP:
                yield self.git("cat-file", "blob", blob).stdout

    def git(self, *arguments: str, stdin: bytes = b"") -> Answer:
        """Run git; raises WitnessError where it fails or the time is over."""
        done = self._run(*arguments, stdin=stdin)
        if done.code != 0:
            raise _failure(arguments[0], done)
        return done

    def _run(self, *arguments: str, stdin: bytes = b"") -> Answer:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_DIR")}
        for name in ("GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"):
            outside.pop(name, None)
        quiet = {"GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "never", "GIT_ASKPASS": "/bin/false"}
        world = World({**outside, **PERSON, **quiet, "GIT_DIR": str(self.directory)}, self.directory)
        try:
            return ask(
                ["git", "-c", "gc.auto=0", "-c", "commit.gpgSign=false", *arguments],
                world,
                stdin=stdin,
                limit=max(0.1, self.deadline - time.monotonic()),
            )
        except RecipeError as error:
            raise WitnessError(*error.diagnostics) from error


def _failure(verb: str, answer: Answer) -> WitnessError:
    return WitnessError.because(f"`git {verb}` failed: {line(answer.last_line())}")
