from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from recipe_runner.errors import UsageError
from recipe_runner.journal.witness.base import Attestation, Case, TrustedWitness, WitnessError
from recipe_runner.journal.witness.git import GitRemote
from recipe_runner.journal.witness.head import Head
from recipe_runner.journal.witness.inquiry import Inquiry
from tests.recipe_runner.journal.runs import OTHER_RUN, RUN
from tests.recipe_runner.journal.witness.conftest import HEAD
from tests.support import sshd
from tests.support.repository import bare, git, put

GIT = GitRemote()
LATER = Head(RUN, 9, 4000, "c" * 64, "d" * 64)
REWRITTEN = Head(RUN, 2, 1000, "e" * 64, "f" * 64)


def asked(address: str | Path, *journal: Head, run: str = RUN) -> list[Attestation]:
    """Return what the remote says of a journal that has these heads."""
    known = {head.records: head for head in journal}
    case = Case(run, (), lambda marks: {mark: known[mark] for mark in marks if mark in known})
    return list(GIT.testify(TrustedWitness("git", str(address)), case, Inquiry()))


def test_heads_are_pushed_and_found(repository: Path) -> None:
    """Each head becomes a commit on the branch, and both vouch for the journal that has them."""
    for head in (HEAD, LATER):
        receipt = GIT.attest(f"file://{repository}", head, 60)
        assert Head.parse(receipt[: len(head.statement())]) == head
        assert git(repository, "rev-parse", "witness") in receipt.decode()
    assert git(repository, "show", f"witness:{RUN}/9") == LATER.statement().decode().strip()
    assert git(repository, "rev-list", "--count", "witness") == "2"
    assert [(t.outcome, t.records) for t in asked(repository, HEAD, LATER)] == [("vouches", 2), ("vouches", 9)]


def test_many_runs_ask_a_remote_once(repository: Path) -> None:
    """What was fetched for one run answers for the others, and so does a failure to fetch it."""
    for head in (HEAD, Head(OTHER_RUN, 5, 9, "a" * 64, "b" * 64)):
        GIT.attest(str(repository), head, 60)
    gone = repository.with_name("gone.git")

    def said(run: str, inquiry: Inquiry) -> list[str]:
        case = Case(run, (), lambda _: {2: HEAD})
        return [t.outcome for t in GIT.testify(TrustedWitness("git", str(repository)), case, inquiry)]

    with Inquiry() as inquiry:
        assert said(RUN, inquiry) == ["vouches"]
        repository.rename(gone)
        assert said(OTHER_RUN, inquiry) == ["contradicts"]
    with Inquiry() as inquiry:
        for number in range(2):
            with pytest.raises(WitnessError, match="git ls-remote"):
                said(RUN, inquiry)
            if number == 0:
                gone.rename(repository)


def test_what_was_rewritten_or_cut_is_contradicted(repository: Path) -> None:
    """A journal with other records, or without those that were pushed, is not what the remote has seen."""
    for head in (HEAD, LATER):
        GIT.attest(str(repository), head, 60)
    assert [t.outcome for t in asked(repository, REWRITTEN, LATER)] == ["contradicts", "vouches"]
    assert [t.outcome for t in asked(repository, HEAD)] == ["vouches", "contradicts"]
    assert asked(repository, HEAD, run=OTHER_RUN) == []


@pytest.mark.parametrize("replacement", [None, REWRITTEN.statement().decode()])
def test_a_later_commit_hides_nothing(repository: Path, replacement: str | None) -> None:
    """A statement that was taken out or replaced by a further commit is still found in the history."""
    GIT.attest(f"{repository}#audit", HEAD, 60)
    put(repository, "audit", f"{RUN}/2", replacement)
    assert "contradicts" in [t.outcome for t in asked(f"{repository}#audit", REWRITTEN)]


def test_a_merge_hides_nothing(repository: Path) -> None:
    """Nor does a merge that takes nothing of the first history, which git would leave out of a file's log."""
    GIT.attest(str(repository), HEAD, 60)
    put(repository, "other", f"{RUN}/2", REWRITTEN.statement().decode())
    tips = [git(repository, "rev-parse", branch) for branch in ("witness", "other")]
    merge = git(repository, "commit-tree", "other^{tree}", "-p", tips[0], "-p", tips[1], "-m", "x")
    git(repository, "update-ref", "refs/heads/witness", merge)
    assert sorted(t.outcome for t in asked(repository, REWRITTEN)) == ["contradicts", "vouches"]


def test_other_files_are_no_statements(repository: Path) -> None:
    """Files of others on the branch, large ones and odd names are passed over."""
    for name, content in ((f"{RUN}/x", "x"), (f"{RUN}/\n\t'", "y"), ("README", "z"), (f"{RUN}/big", "x" * 100_000)):
        put(repository, "witness", name, content)
    GIT.attest(str(repository), HEAD, 60)
    assert [t.outcome for t in asked(repository, HEAD)] == ["vouches"]
    assert git(repository, "show", "witness:README") == "z"


def test_runs_that_push_at_once_lose_nothing(repository: Path) -> None:
    """When somebody else was faster, the branch is fetched again and nothing of theirs is overwritten."""
    found = [Head(f"{n:032x}", 2, 10, "a" * 64, "b" * 64) for n in range(3)]
    threads = [threading.Thread(target=GIT.attest, args=(str(repository), head, 100)) for head in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for head in found:
        assert git(repository, "show", f"witness:{head.run}/2") == head.statement().decode().strip()


def test_a_remote_that_cannot_be_had_is_a_failure_in_words(tmp_path: Path, repository: Path) -> None:
    """A missing repository, one that refuses, and one that takes too long are each reported with git's words."""
    with pytest.raises(WitnessError, match="git ls-remote"):
        GIT.attest(str(tmp_path / "absent"), HEAD, 60)
    hook = repository / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(WitnessError, match="git push"):
        GIT.attest(str(repository), HEAD, 60)
    hook.write_text("#!/bin/sh\nsleep 600\n")
    with pytest.raises(WitnessError, match="has not ended"):
        GIT.attest(str(repository), HEAD, 1)
    with pytest.raises(WitnessError, match="names no `address`"):
        list(GIT.testify(TrustedWitness("git"), Case(RUN, (), lambda _: {}), Inquiry()))


@pytest.mark.parametrize("address", ["", "#x", "-upload-pack=x", "x#..", "x#-x", "x#a//b", "x#a.lock", "x#a b"])
def test_an_address_names_a_repository_and_a_branch(address: str) -> None:
    """What git could take for an option or would refuse as a branch is refused at once."""
    with pytest.raises(UsageError):
        GIT.check(address)


@pytest.mark.skipif(not sshd.possible(), reason=sshd.REASON)
def test_a_head_goes_over_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual way to a remote works: ssh with a key, and nobody asked anything."""
    repository = bare(tmp_path / "remote.git")
    place = tmp_path / "ssh"
    place.mkdir()
    with sshd.serving(place, ["remote"]) as server:
        for name, value in server.environ.items():
            monkeypatch.setitem(os.environ, name, value)
        address = f"ssh://remote{repository}"
        GIT.attest(address, HEAD, 60)
        assert [t.outcome for t in asked(address, HEAD)] == ["vouches"]
