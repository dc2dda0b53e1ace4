from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from recipe_runner.engine.events import Recover
from recipe_runner.errors import UnmetError, VerificationError
from recipe_runner.journal.records.sealing import Sealing
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.store.recovery import SET_ASIDE, check_last_seal, read, set_tail_aside, unrecorded
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.runs import SMALL, write_run

TAIL = b'{"torn":'


@pytest.fixture
def torn(run: Path, signer: GpgSigner) -> Path:
    """Return a run whose last line is torn."""
    write_run(run, signer, SMALL[:-1])
    with (run / "journal.jsonl").open("ab") as file:
        file.write(TAIL)
    return run


def test_the_tail_is_copied_before_it_is_cut(torn: Path) -> None:
    """Afterwards the journal ends with its last seal and the bytes are in a file named by their sha256."""
    whole = (torn / "journal.jsonl").read_bytes()
    descriptor = os.open(torn / "journal.jsonl", os.O_RDWR)
    try:
        found = read(torn, descriptor)
        set_tail_aside(torn, descriptor, found)
    finally:
        os.close(descriptor)
    assert (torn / "journal.jsonl").read_bytes() + TAIL == whole
    digest = hashlib.sha256(TAIL).hexdigest()
    assert (torn / f"{SET_ASIDE}{digest}").read_bytes() == TAIL
    (recover,) = unrecorded(torn, found)
    assert (recover.size, recover.sha256, recover.file) == (len(TAIL), digest, f"{SET_ASIDE}{digest}")


@pytest.mark.parametrize("name", ["notes", "0" * 64])
def test_what_nobody_set_aside_is_not_recorded(torn: Path, signer: GpgSigner, name: str) -> None:
    """A file that only has such a name would make the run INVALID for ever; it stops the session instead."""
    (torn / f"{SET_ASIDE}{name}").write_bytes(b"to do")
    with pytest.raises(VerificationError, match=f"set-aside-{name}` is not what a session has set aside"):
        Journal.reopen(torn, lambda _: signer)
    (torn / f"{SET_ASIDE}{name}").unlink()
    with Journal.reopen(torn, lambda _: signer) as journal:
        assert isinstance(journal.past[-1], Recover)


@pytest.mark.parametrize(("sealing", "told"), [("every", 0), ("checkpoint:20,60", 1)])
def test_intents_that_needed_no_seal_are_told(run: Path, signer: GpgSigner, sealing: str, told: int) -> None:
    """A command may have followed an intent in a torn tail only where intents wait for a checkpoint."""
    write_run(run, signer, SMALL[:-1], sealing=Sealing.read(sealing))
    lines = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    intent = next(line for line in lines if b'"t":"step_start"' in line)
    (run / f"{SET_ASIDE}{hashlib.sha256(intent + TAIL).hexdigest()}").write_bytes(intent + TAIL)
    descriptor = os.open(run / "journal.jsonl", os.O_RDONLY)
    found = read(run, descriptor)
    os.close(descriptor)
    (recover,) = unrecorded(run, found)
    assert [begun["step"] for begun in recover.begun] == [json.loads(intent)["step"]] * told


def test_a_good_last_seal_passes(torn: Path, signer: GpgSigner) -> None:
    """The signature of the session's key over the last statement is good."""
    descriptor = os.open(torn / "journal.jsonl", os.O_RDONLY)
    found = read(torn, descriptor)
    os.close(descriptor)
    check_last_seal(found, signer)


def test_a_last_seal_by_another_key_is_refused(run: Path, signer: GpgSigner, keys: Keyring) -> None:
    """Neither another person's signature nor one by an unknown key passes as the session's."""
    other = keys.make("Usurper <usurper@x.example>")
    write_run(run, signer, SMALL[:-1])
    records = forge.read(run)
    named = {**records[0], "signer": {"primary": signer.primary, "signing": other}}
    unknown = {**records[0], "signer": {"primary": "F" * 40, "signing": other}}
    for first, error in ((named, VerificationError), (unknown, UnmetError)):
        sign = forge.chained([first, *records[1:]], sign=lambda said: keys.sign(other, said).decode())
        forge.write(run, sign)
        descriptor = os.open(run / "journal.jsonl", os.O_RDONLY)
        found = read(run, descriptor)
        os.close(descriptor)
        with pytest.raises(error):
            check_last_seal(found, signer)
