from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from recipe_runner.engine.approval import Pending
from recipe_runner.engine.events import Approval, Request
from recipe_runner.errors import IncompleteError, RecipeError, UsageError
from recipe_runner.journal.desk import LEEWAY, Desk
from recipe_runner.journal.request import AnswerFile, Sheet
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.runs import RUN, genesis

CODE = "echo hello\n"


@pytest.fixture(scope="session")
def ben(keys: Keyring) -> GpgSigner:
    """Return somebody else whose certificate the operator has."""
    return keys.signer(keys.make("Ben <ben@x.example>"))


@pytest.fixture
def desk(run: Path, signer: GpgSigner) -> Iterator[Desk]:
    """Return the desk of a run that has just begun."""
    with Journal.create(run, genesis(), signer) as journal:
        yield Desk(journal, signer)


def asked(desk: Desk, **changes: object) -> tuple[Pending, Sheet]:
    """Ask for an approval; returns what is pending and the request as others see it."""
    request = Request(
        run=RUN,
        recipe={"name": "small.md", "sha256": "d" * 64},
        params=genesis().params,
        step="a",
        digest="a" * 64,
        command=hashlib.sha256(CODE.encode()).hexdigest(),
        expires=desk.expiry(),
    )
    pending = Pending(replace(request, **changes))  # type: ignore[arg-type]
    desk.journal.record(pending.request)
    return pending, Sheet.load(desk.publish(pending, CODE).request)


def answered(sheet: Sheet, who: GpgSigner, **changes: object) -> AnswerFile:
    """Return somebody's answer."""
    said = sheet.event.answered(
        sheet.head,
        decision="approve",
        approver=who.primary,
        key=who.signing,
        signed="2026-11-25T12:00:00.000000Z",
    )
    text = replace(said, **changes).text()  # type: ignore[arg-type]
    return AnswerFile(stmt=text, sig=who.sign(text.encode()), request=sheet.to_data())


def dropped(desk: Desk, answer: AnswerFile, name: str = "answer.json") -> None:
    """Put an answer where the run looks for it."""
    (desk.journal.directory / "approvals" / name).write_bytes(answer.to_bytes())


def test_a_request_says_by_itself_what_is_signed(desk: Desk) -> None:
    """Whoever has the file alone can tell the sha256 of the journal's line, and the code belongs to it."""
    _, sheet = asked(desk)
    lines = (desk.journal.directory / "journal.jsonl").read_bytes().splitlines()
    (following,) = (json.loads(raw) for raw in lines if json.loads(raw)["prev"] == sheet.head)
    assert (following["t"], sheet.code) == ("seal", CODE)


@pytest.mark.parametrize("code", ["echo bye\n", "echo \ud800\n"])
def test_other_code_than_was_recorded_is_refused(desk: Desk, tmp_path: Path, code: str) -> None:
    """A request file whose code was changed is none, also where no bytes stand for the new code."""
    _, sheet = asked(desk)
    changed = tmp_path / "request.json"
    changed.write_text(json.dumps(sheet.to_data() | {"code": code.split("\n")}))
    with pytest.raises(UsageError, match="not the code that the record names"):
        Sheet.load(changed)


def test_an_answer_that_no_bytes_stand_for_is_refused(desk: Desk, ben: GpgSigner) -> None:
    """Half of a surrogate pair in a reason stops no run: the file is told to be no answer."""
    pending, sheet = asked(desk)
    answer = answered(sheet, ben)
    dropped(desk, answer.model_copy(update={"stmt": answer.stmt.replace("reason: ", "reason: \ud800")}))
    good, (refused,) = desk.arrived(pending)
    assert (good, "no statement" in refused) == ([], True)


def test_good_answers_are_found_once(desk: Desk, ben: GpgSigner) -> None:
    """What comes in is news until it was looked at; a good answer brings the certificate that it was checked by."""
    pending, sheet = asked(desk)
    assert not desk.news()
    dropped(desk, answered(sheet, ben))
    assert desk.news()
    (approval,), refused = desk.arrived(pending)
    assert (refused, approval.certificate is not None, desk.news()) == ([], True, False)
    pending.answers[ben.primary] = approval.statement
    assert desk.approving(pending) == 1
    dropped(desk, answered(sheet, ben), "again.json")
    assert "has answered already" not in str(desk.arrived(pending))


def test_answers_to_earlier_requests_are_passed_over(desk: Desk, ben: GpgSigner) -> None:
    """An old file that lies about is no complaint, and no approval."""
    _, before = asked(desk)
    pending, _ = asked(desk, attempt=2)
    dropped(desk, answered(before, ben))
    assert desk.arrived(pending) == ([], [])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"step": "b"}, "answers another request"),
        ({"attempt": 2}, "answers another request"),
        ({"head": "0" * 64}, "answers another request"),
        ({"command": "0" * 64}, "answers another request"),
        ({"expires": "2999-01-01T00:00:00.000000Z"}, "answers another request"),
        ({"approver": "A" * 40}, "no certificate"),
        ({"key": "A" * 40}, ""),
        ({"key": "nobody"}, "does not name its key"),
        ({"approver": "--output=/tmp/pwned"}, "does not name its key"),
    ],
)
def test_an_answer_must_fit(desk: Desk, ben: GpgSigner, changes: dict[str, object], fault: str) -> None:
    """Every part of a statement is compared with the request, before anybody asks about its signature."""
    pending, sheet = asked(desk)
    dropped(desk, answered(sheet, ben, **changes))
    good, (refused,) = desk.arrived(pending)
    assert good == []
    assert fault in refused


def test_a_signature_over_something_else_is_refused(desk: Desk, ben: GpgSigner) -> None:
    """A denial cannot be turned into an approval."""
    pending, sheet = asked(desk)
    denied = answered(sheet, ben, decision="deny")
    forged = denied.model_copy(update={"stmt": denied.stmt.replace("decision: deny", "decision: approve")})
    dropped(desk, forged)
    assert desk.arrived(pending)[0] == []


def test_an_expired_request_takes_no_answers(desk: Desk, ben: GpgSigner) -> None:
    """The clock of the machine decides."""
    desk.lifetime = timedelta(seconds=-1)
    pending, sheet = asked(desk)
    assert not desk.open(pending)
    dropped(desk, answered(sheet, ben))
    assert "expired at" in desk.arrived(pending)[1][0]


def test_a_request_counts_as_expired_a_little_early(desk: Desk) -> None:
    """So a step that passes its gate at the last moment does not begin, on record, after the request expired."""
    desk.lifetime = LEEWAY
    pending, sheet = asked(desk)
    assert sheet.event.expires > f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert not desk.open(pending)


def test_somebody_else_must_ask_anew(desk: Desk, ben: GpgSigner) -> None:
    """What people agreed that one person does is not what another one does."""
    pending, _ = asked(desk)
    assert desk.ours(pending)
    assert not dataclasses.replace(desk, signer=ben).ours(pending)


def test_the_operator_does_not_count(desk: Desk, signer: GpgSigner) -> None:
    """Not even where an answer of the operator's has got into the journal."""
    pending, sheet = asked(desk)
    own = answered(sheet, signer)
    dropped(desk, own)
    assert "seals this run" in desk.arrived(pending)[1][0]
    pending.answers[signer.primary] = Approval(stmt=own.stmt, sig=own.sig).statement
    assert desk.approving(pending) == 0


def test_what_is_no_answer_is_said_to_be_none(desk: Desk, tmp_path: Path) -> None:
    """Pipes, directories, links, garbage and hostile names neither stop the run nor reach the terminal as they are."""
    pending, _ = asked(desk)
    inbox = desk.journal.directory / "approvals"
    os.mkfifo(inbox / "fifo.json")
    (inbox / "directory.json").mkdir()
    (inbox / "link.json").symlink_to("/etc/passwd")
    (inbox / "garbage.json").write_bytes(b"\xff\x00{")
    (inbox / "deep.json").write_text("[" * 100_000)
    (inbox / "\x1b[31m.json").write_text("{}")
    (inbox / ".hidden.json").write_text("{}")
    good, refused = desk.arrived(pending)
    assert (good, len(refused)) == ([], 6)
    assert all(text.isprintable() for text in refused)
    with pytest.raises(RecipeError, match="cannot read"):
        desk.read(pending, str(tmp_path / "missing.json"))


def test_code_that_is_not_the_requests_is_never_handed_out(desk: Desk) -> None:
    """A request file cannot show other code than the record names."""
    pending, _ = asked(desk)
    with pytest.raises(IncompleteError, match="not the code"):
        desk.publish(pending, "rm -r /\n")
