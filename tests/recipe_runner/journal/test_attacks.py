"""Attacks by the thousand on a journal that an SSH key has sealed at checkpoints; the others are in test_examine."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipe_runner.engine.events import Genesis, Note
from recipe_runner.journal.gpg_signer import GpgSigner
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.sealing import Sealing
from recipe_runner.journal.ssh_signer import SshSigner
from recipe_runner.journal.verdict import Verdict
from tests.recipe_runner.journal.judge import Judge
from tests.recipe_runner.journal.runs import OTHER_RUN, RUN, SMALL, write_run
from tests.support.ssh_agent import make_ssh_key

SEALING = Sealing.read("checkpoint:2,15", ["gate"])
EVENTS = (Note(text="hello"), *SMALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a directory."""
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture(scope="module")
def ssh(place: Path) -> SshSigner:
    """Return the signer of a new key."""
    return SshSigner.find(f"ssh:{make_ssh_key(place / 'key')}")


@pytest.fixture(scope="module")
def ssh_judge(ssh: SshSigner) -> Judge:
    """Examine under a policy that trusts the SSH key alone."""
    return Judge(Policy(frozenset({ssh.primary}), (ssh.certificate(ssh.primary),)))


def journal(place: Path, signer: SshSigner, run: str) -> bytes:
    """Write a run and return its journal."""
    first = Genesis(run=run, recipe={}, steps=[])
    return (write_run(place / run, signer, EVENTS, first, SEALING) / "journal.jsonl").read_bytes()


@pytest.fixture(scope="module")
def few_seals(place: Path, ssh: SshSigner) -> bytes:
    """Return a small journal with no more seals than it needs."""
    return journal(place, ssh, RUN)


@pytest.mark.parametrize("bit", [0, 5, 7])
def test_no_single_bit_can_be_changed(ssh_judge: Judge, few_seals: bytes, bit: int) -> None:
    """Every journal that differs in one of these bits is not VALID, between two seals as well as in the last one."""
    assert ssh_judge(few_seals).verdict is Verdict.VALID
    survivors = []
    for at, byte in enumerate(few_seals):
        changed = few_seals[:at] + bytes([byte ^ 1 << bit]) + few_seals[at + 1 :]
        if ssh_judge(changed).verdict is Verdict.VALID:
            survivors.append(at)
    assert survivors == []


def test_no_end_can_be_cut_off(ssh_judge: Judge, few_seals: bytes) -> None:
    """A journal cut after any byte but the last is INCOMPLETE."""
    assert {ssh_judge(few_seals[:length]).verdict for length in range(len(few_seals))} == {Verdict.INCOMPLETE}


def test_no_splice_is_valid(ssh_judge: Judge, few_seals: bytes, place: Path, ssh: SshSigner) -> None:
    """Lines of two runs by the same key make a VALID journal only in the one order in which they were written."""
    both = [few_seals.splitlines(keepends=True), journal(place, ssh, OTHER_RUN).splitlines(keepends=True)]
    cuts = st.tuples(st.integers(0, 9), st.integers(0, 9))

    @given(
        st.lists(st.sampled_from([*both[0], *both[1]]), max_size=10)
        | st.permutations(both[0])
        | cuts.map(lambda cut: both[0][: cut[0]] + both[1][cut[1] :])
    )
    def spliced(lines: list[bytes]) -> None:
        if lines not in both:
            assert ssh_judge(b"".join(lines)).verdict is not Verdict.VALID

    spliced()


@given(data=st.data())
@settings(max_examples=8)
def test_remembering_signatures_changes_no_verdict(
    judge: Judge, policy: Policy, tiny: bytes, data: st.DataObject
) -> None:
    """What these tests rest on: a judge that remembers answers like one that asks gpgv every time.

    It remembers by the text, the signature and whom the policy trusts, which is all that gpgv is given.
    """
    lines = tiny.splitlines(keepends=True)
    last = tiny.rindex(b'"sig":"')
    at = data.draw(st.integers(last, len(tiny) - 1) | st.integers(0, len(tiny) - 1))
    changed = tiny[:at] + bytes([tiny[at] ^ 1 << data.draw(st.integers(0, 7))]) + tiny[at + 1 :]
    swapped = b"".join(data.draw(st.permutations(lines)))
    for content in (tiny, changed, swapped):
        for trusted in (policy, Policy(frozenset({"F" * 40}), policy.certificates), Policy(policy.primaries, ())):
            fresh = Judge(trusted)(content)
            assert judge(content, trusted) == judge(content, trusted) == fresh


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, signer: GpgSigner) -> bytes:
    """Return the bytes of a small journal that an OpenPGP key has sealed."""
    return (write_run(tmp_path_factory.mktemp("tiny") / "run", signer) / "journal.jsonl").read_bytes()
