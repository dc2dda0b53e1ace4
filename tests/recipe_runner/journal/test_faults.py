"""Being killed or refused at every single change that a run, or a recovery, makes on the disk."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from recipe_runner.engine.events import Abort, Close, Recorded, Recover, Resume
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.read import records
from recipe_runner.journal.records.sealing import Sealing
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.signers.ssh import SshSigner
from recipe_runner.journal.store import writer
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from tests.recipe_runner.journal import dying
from tests.recipe_runner.journal.runs import SMALL, genesis, write_run
from tests.support.ssh_agent import make_ssh_key


def die(signer: GpgSigner, directory: Path, manner: str, template: Path | None = None) -> list[Path]:
    """Run the dying program and return its attempts' places; the last one came to its end."""
    argv = [sys.executable, "-m", dying.__name__, str(signer.home), signer.signing, str(directory), manner]
    subprocess.run([*argv, *([str(template)] if template else [])], check=True, cwd=Path(__file__).parents[3])
    return sorted(directory.iterdir())


def acknowledged(place: Path) -> list[str]:
    """Return the types of the events that were acknowledged and that a journal records."""
    names = (place / "acknowledged").read_text().split()
    return [name for name in names if name != "Output"]


def finish(run: Path, signer: GpgSigner) -> list[Recorded]:
    """Resume a run, bring it to its end and return what was there."""
    with Journal.reopen(run, lambda _: signer) as journal:
        past = list(journal.past)
        if not isinstance(past[-1], Close):
            journal.record(Resume(session=2))
            for event in SMALL:
                journal.record(event)
    return past


@pytest.mark.parametrize("manner", ["before", "half", "once", "full"])
def test_a_run_stopped_at_any_change_loses_nothing_it_acknowledged(
    tmp_path: Path, signer: GpgSigner, policy: Policy, manner: str
) -> None:
    """Wherever the runner is stopped, what it acknowledged is there, nothing is VALID too early, and it can go on."""
    places = die(signer, tmp_path, manner)
    assert len(places) > 30
    for place in places:
        run, known = place / "a-run", acknowledged(place)
        if not run.exists():
            assert known == []
            continue
        closed = any(record.type == "close" for record in records(run))
        verdict = verify(run, policy).verdict
        assert verdict in ({Verdict.VALID, Verdict.INCOMPLETE} if closed else {Verdict.INCOMPLETE})
        past = [type(event).__name__ for event in finish(run, signer) if not isinstance(event, Recover | Abort)]
        assert past[: len(known)] == known
        assert len(past) <= len(known) + 2
        assert verify(run, policy).verdict is Verdict.VALID


@pytest.mark.parametrize("manner", ["before", "half", "once", "full"])
def test_a_recovery_stopped_at_any_change_loses_no_byte(
    tmp_path: Path, signer: GpgSigner, policy: Policy, manner: str
) -> None:
    """Wherever a recovery dies or is refused, the next one finds the torn bytes and records them."""
    template = write_run(tmp_path / "template", signer, SMALL[:-1], genesis())
    tail = b'{"done":1,"mono_ns":"1'
    with (template / "journal.jsonl").open("ab") as file:
        file.write(tail)
    places = die(signer, tmp_path / "attempts", manner, template)
    assert len(places) > 10
    for place in places:
        run = place / "a-run"
        past = finish(run, signer)
        sums = {event.sha256 for event in past if isinstance(event, Recover)}
        assert hashlib.sha256(tail).hexdigest() in sums
        report = verify(run, policy)
        assert report.verdict is Verdict.VALID, (place, report)


class Backwards(datetime):
    """A clock that is set back an hour at each look."""

    looks = itertools.count()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) - timedelta(hours=next(cls.looks))


@pytest.mark.parametrize("sealing", ["every", "checkpoint:2,15"])
@pytest.mark.parametrize("kind", ["gpg", "ssh"])
def test_a_clock_that_jumps_back_spoils_nothing(
    run: Path,
    signer: GpgSigner,
    policy: Policy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    sealing: str,
) -> None:
    """The order of records is that of the chain, and a checkpoint's minutes are those of the machine's other clock.

    So a journal whose times run backwards is VALID, whatever key seals it, and can be read.
    """
    monkeypatch.setattr(writer, "datetime", Backwards)
    if kind == "gpg":
        write_run(run, signer, sealing=Sealing.read(sealing))
    else:
        ssh = SshSigner.find(f"ssh:{make_ssh_key(tmp_path / 'key')}")
        policy = Policy(frozenset({ssh.primary}), (ssh.certificate(ssh.primary),))
        write_run(run, ssh, sealing=Sealing.read(sealing))
    times = [record.ts for record in records(run)]
    assert times == sorted(times, reverse=True)
    assert verify(run, policy).verdict is Verdict.VALID
    assert Account.of(records(run)).took == timedelta(0)
