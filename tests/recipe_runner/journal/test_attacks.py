"""Attacks by the thousand on a journal that an SSH key has sealed at checkpoints; the others are in test_examine."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipe_runner.engine.events import Approval, Genesis, Note, Request, StepEnd, StepStart
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.chain import head_of
from recipe_runner.journal.records.sealing import Sealing
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.signers.ssh import SshSigner
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Verdict
from tests.recipe_runner.journal.judge import Judge
from tests.recipe_runner.journal.runs import OTHER_RUN, RUN, SMALL, write_run
from tests.support.ssh_agent import make_ssh_key

SEALING = Sealing.read("checkpoint:2,15", ["gate"])
NOW = "2026-11-25T12:00:00.000000Z"
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


@pytest.fixture(scope="module")
def approver(place: Path) -> SshSigner:
    """Return the signer of somebody who may approve."""
    return SshSigner.find(f"ssh:{make_ssh_key(place / 'approver')}")


@pytest.fixture(scope="module")
def gated(place: Path, ssh: SshSigner, approver: SshSigner) -> bytes:
    """Return a small journal in which somebody has approved a step."""
    run, first = place / "gated", Genesis(run=RUN, recipe={}, steps=[], approvals={"a": 1})
    asked = Request(run=RUN, recipe={}, step="a", digest="a" * 64, command="c" * 64, expires=f"2099{NOW[4:]}")
    with Journal.create(run, first, ssh, sealing=SEALING) as written:
        written.record(asked)
        head = head_of((run / "journal.jsonl").read_bytes().splitlines(keepends=True)[-2])
        who = {"approver": approver.primary, "key": approver.signing}
        said = asked.answered(head, decision="approve", signed=NOW, **who).text()
        written.record(Approval(stmt=said, sig=approver.sign(said.encode())))
        written.record(StepStart(step="a", digest="a" * 64, command="c" * 64))
        written.record(StepEnd(step="a"))
        written.record(SMALL[-1])
    return (run / "journal.jsonl").read_bytes()


@pytest.fixture(scope="module")
def gate_judge(ssh: SshSigner, approver: SshSigner) -> Judge:
    """Examine under a policy that lets one SSH key sign, and another approve."""
    keys = tuple(signer.certificate(signer.primary) for signer in (ssh, approver))
    return Judge(Policy(frozenset({ssh.primary}), keys, approvers=frozenset({approver.primary})))


def survivors(judge: Judge, content: bytes, bit: int) -> list[int]:
    """Return the places where this bit of a byte can be changed and the journal stays VALID."""
    assert judge(content).verdict is Verdict.VALID
    flip = 1 << bit
    return [
        at for at, byte in enumerate(content) if judge.holds(content[:at] + bytes([byte ^ flip]) + content[at + 1 :])
    ]


@pytest.mark.parametrize("bit", range(8))
def test_no_single_bit_can_be_changed(ssh_judge: Judge, few_seals: bytes, bit: int) -> None:
    """Every journal that differs in one bit is not VALID, between two seals as well as in the last one."""
    assert survivors(ssh_judge, few_seals, bit) == []


@pytest.mark.parametrize("bit", range(8))
def test_no_single_bit_of_an_approval_can_be_changed(gate_judge: Judge, gated: bytes, bit: int) -> None:
    """Nor is one with a changed bit in what was asked, in what was answered, or in what began on its strength."""
    assert survivors(gate_judge, gated, bit) == []


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
