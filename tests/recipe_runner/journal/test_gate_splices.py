"""Approvals moved by the thousand: to another step, attempt, request or run, by somebody without the key and with it.

Signatures are made and judged in this process, so that there can be so many of them; they are the very bytes that
ssh-keygen makes of these keys, which the first test has it judge.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.engine.events import Close
from recipe_runner.errors import VerificationError
from recipe_runner.gpgv import Signature, UntrustedError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.seal import Seal
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.examine import examine
from recipe_runner.journal.verification.verdict import Report, Verdict
from recipe_runner.journal.verification.verify import verify
from recipe_runner.ssh_key import fingerprint, strings
from recipe_runner.sshsig import MAGIC, NAMESPACE, armor, signer_of
from tests.fixtures.journals.approvals import People, Story
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.forge import Record
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.runs import OTHER_RUN, RUN, genesis

KIND = b"ssh-ed25519"
Records = list[Record]


def packed(*parts: bytes) -> bytes:
    """Return strings as SSH writes them (RFC 4251, section 5)."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@dataclass(frozen=True)
class Quick:
    """An SSH key that signs without a program."""

    secret: Ed25519PrivateKey

    @cached_property
    def public(self) -> bytes:
        """The public key's bytes."""
        return packed(KIND, self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @cached_property
    def primary(self) -> str:
        """The key's fingerprint."""
        return fingerprint(self.public)

    @property
    def signing(self) -> str:
        """The key's fingerprint."""
        return self.primary

    def sign(self, statement: bytes) -> str:
        """Return an armored signature."""
        value = packed(KIND, self.secret.sign(signed(statement)))
        return armor(MAGIC + packed(self.public, NAMESPACE.encode(), b"", b"sha512", value))

    def certificate(self, primary: str) -> bytes:
        """Return this key, whoever is asked for."""
        del primary
        return KIND + b" " + base64.b64encode(self.public)


def signed(statement: bytes) -> bytes:
    """Return what is signed for a statement (PROTOCOL.sshsig)."""
    return MAGIC[:6] + packed(NAMESPACE.encode(), b"", b"sha512", hashlib.sha512(statement).digest())


@dataclass(frozen=True)
class Court:
    """Judges journals whose signers are known; `runs` are two whole ones with the same steps."""

    people: People
    keys: dict[str, Quick]
    policy: Policy
    directories: tuple[Path, Path]

    @cached_property
    def runs(self) -> tuple[Records, Records]:
        """The records of both runs."""
        first, second = map(forge.read, self.directories)
        return first, second

    def __call__(self, records: Records) -> Report:
        """Return the report on records as they are."""
        found = examine((forge.raw(record) for record in records), self.policy, self._check)
        return Report.of(found.doubts, found.facts)

    def sealed_anew(self, records: Records) -> Records:
        """Return what the operator, who has the key, makes of records."""
        return forge.chained(records, sign=self.people.operator.sign)

    def _check(self, seal: Seal) -> Signature:
        by = signer_of(seal.signature)
        if by not in (self.policy.primaries if seal.purpose == "seal" else self.policy.approvers):
            raise UntrustedError.because(by)
        body = base64.b64decode(seal.signature.split(b"-----")[2])
        value = strings(strings(body.removeprefix(MAGIC))[4])[1]
        try:
            self.keys[by].secret.public_key().verify(value, signed(seal.statement))
        except InvalidSignature as error:
            raise VerificationError.because("the signature does not belong to this data") from error
        return Signature(by, by, None, "SHA512")


def written(people: People, run: Path) -> Path:
    """Write a run in which two steps are approved by two people, and the first one a second time after it failed."""
    with Journal.create(run, genesis(run=run.name, approvals={"a": 2, "b": 2}), people.operator) as journal:
        story = Story(people, journal, run)
        for step, attempt in (("a", 1), ("a", 2), ("b", 1)):
            story.ask(run=run.name, step=step, attempt=attempt, role=None)
            story.answer(people.bob)
            story.answer(people.carol)
            story.carry_out(step=step, attempt=attempt)
        journal.record(Close(outcome="done", done=2, skipped=0, total=2))
    return run


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Court:
    place = tmp_path_factory.mktemp("runs")
    operator, bob, carol = (Quick(Ed25519PrivateKey.generate()) for _ in range(3))
    people = People(Keyring(place), operator, operator, bob, carol, carol, carol, carol)
    policy = Policy(
        frozenset({operator.primary}),
        tuple(who.certificate("") for who in (operator, bob, carol)),
        approvers=frozenset({bob.primary, carol.primary}),
    )
    directories = written(people, place / RUN), written(people, place / OTHER_RUN)
    return Court(people, {who.primary: who for who in (operator, bob, carol)}, policy, directories)


def told(records: Records) -> Records:
    """Return what records say but for their place in the chain; answers to the last request in any order."""
    bare = [
        {name: record[name] for name in record.keys() - {"n", "prev"}} for record in records if record["t"] != "seal"
    ]
    last = max(places(bare, "request"), default=0) + 1
    behind = last + sum(1 for _ in itertools.takewhile(lambda record: record["t"] == "approval", bare[last:]))
    return [*bare[:last], *sorted(bare[last:behind], key=lambda record: str(record["stmt"])), *bare[behind:]]


def places(records: Records, kind: str) -> list[int]:
    """Return where the records of a type are."""
    return [n for n, record in enumerate(records) if record["t"] == kind]


def test_ssh_keygen_agrees_about_these_keys(court: Court) -> None:
    """Both runs are VALID, by the real judge of signatures as by the quick one, and by the latter when sealed anew."""
    for directory, records in zip(court.directories, court.runs, strict=True):
        assert verify(directory, court.policy).verdict is Verdict.VALID
        assert court(records).verdict is Verdict.VALID
        assert court(court.sealed_anew(records)).verdict is Verdict.VALID


@given(data=st.data())
def test_no_splice_of_two_approved_runs_is_valid(court: Court, data: st.DataObject) -> None:
    """Lines of two runs or of two requests, exchanged, left out or repeated as they are, never make a VALID journal."""
    first, second = court.runs
    n, m = (data.draw(st.integers(0, len(first) - 1)) for _ in range(2))
    taken = data.draw(st.sampled_from([*first, *second]))
    spliced = data.draw(
        st.sampled_from(
            [
                first[:n] + second[m:],
                [*first[:n], taken, *first[n + 1 :]],
                [*first[:n], taken, *first[n:]],
                first[:n] + first[n + 1 :],
                [first[m] if k == n else first[n] if k == m else record for k, record in enumerate(first)],
            ]
        )
    )
    if spliced not in court.runs:
        assert court(spliced).verdict is not Verdict.VALID
        mended = forge.chained(spliced)
        assert mended in court.runs or court(mended).verdict is not Verdict.VALID


@given(data=st.data())
def test_not_even_the_operator_can_use_an_approval_elsewhere(court: Court, data: st.DataObject) -> None:
    """Whatever answer of either run is moved, repeated, exchanged or left out, a journal sealed anew is not VALID."""
    first, second = court.runs
    answers = places(first, "approval")
    mine = data.draw(st.sampled_from(answers))
    place = data.draw(st.integers(2, len(first) - 3).filter(lambda at: first[at]["t"] != "seal"))
    other = data.draw(st.sampled_from([*(first[n] for n in answers), *(second[n] for n in places(second, "approval"))]))
    seal = first[mine + 1]
    left = first[:mine] + first[mine + 2 :]
    moved = place if place < mine else max(2, place - 2)
    spliced = data.draw(
        st.sampled_from(
            [
                [*first[:mine], other, *first[mine + 1 :]],
                [*first[:place], other, seal, *first[place:]],
                [*left[:moved], first[mine], seal, *left[moved:]],
                left,
            ]
        )
    )
    same = told(spliced) == told(first)
    assert (court(court.sealed_anew(spliced)).verdict is Verdict.VALID) is same


@given(data=st.data())
def test_approvals_hold_everything_before_their_request_fast(court: Court, data: st.DataObject) -> None:
    """A record before the last answers, left out or replaced by one of either run, spoils what is sealed anew."""
    first, second = court.runs
    fixed = data.draw(st.integers(0, places(first, "approval")[-1] - 1).filter(lambda n: first[n]["t"] != "seal"))
    taken = data.draw(st.sampled_from([record for record in (*first, *second) if record["t"] != "seal"]))
    spliced = data.draw(
        st.sampled_from([[*first[:fixed], taken, *first[fixed + 1 :]], first[:fixed] + first[fixed + 2 :]])
    )
    same = told(spliced) == told(first)
    assert (court(court.sealed_anew(spliced)).verdict is Verdict.VALID) is same
