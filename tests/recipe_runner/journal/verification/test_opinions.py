from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.errors import UnmetError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.signers.signature import verify_signature
from recipe_runner.journal.signers.ssh import SshSigner
from recipe_runner.journal.verification import verify as module
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.runs import write_run
from tests.support.ssh_agent import make_ssh_key


def test_two_programs_agree_on_a_good_journal(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """The verdict is VALID and says that every signature was judged twice; unasked, nothing is said."""
    report = verify(write_run(run, signer), policy, second_opinion=True)
    assert (report.verdict, report.facts.second_opinion) == (Verdict.VALID, "`sqv` agrees on 4 signatures")
    assert verify(run, policy).facts.second_opinion == ""


def test_where_they_do_not_agree_the_journal_is_not_valid(
    run: Path, signer: GpgSigner, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature that the first program calls good is not enough: the second one's reason is in the report."""
    records = forge.read(write_run(run, signer))

    def credulous(statement: bytes, signature: bytes, **given: frozenset[str]) -> object:
        good = verify_signature(records[1]["stmt"].encode(), records[1]["sig"].encode(), **given)  # type: ignore[arg-type]
        assert statement
        assert signature
        return good

    forge.write(
        run,
        forge.chained(
            records, sign=lambda said: signer.sign(said) if b"why: genesis" in said else _spoilt(signer, said)
        ),
    )
    monkeypatch.setattr(module, "verify_signature", credulous)
    report = verify(run, policy, second_opinion=True)
    assert report.verdict is Verdict.UNTRUSTED
    assert "`sqv` does not: " in " ".join(report.reasons)
    assert report.facts.second_opinion == "`sqv` agrees on 1 signatures; `sqv` does not agree on 3"
    assert verify(run, policy).verdict is Verdict.VALID


def _spoilt(signer: GpgSigner, said: bytes) -> str:
    """Sign, then spoil what no form protects: the number at the very end."""
    from recipe_runner.gpgv import dearmor
    from recipe_runner.journal.signers.signature import armor

    packet = bytearray(dearmor(signer.sign(said).encode(), "SIGNATURE"))
    packet[-1] ^= 1
    return armor(bytes(packet))


def test_there_is_none_for_ssh(tmp_path: Path, keys: Keyring) -> None:
    """A journal sealed by an SSH key stays VALID, and the report says that nobody else could be asked."""
    signer = SshSigner.find(f"ssh:{make_ssh_key(tmp_path / 'key')}")
    trusted = Policy(frozenset({signer.primary}), (signer.certificate(signer.primary), keys.certificate()))
    report = verify(write_run(tmp_path / "run", signer), trusted, second_opinion=True)
    assert (report.verdict, report.facts.second_opinion) == (Verdict.VALID, "there is none for 4 SSH signatures")


def test_a_missing_program_gives_no_verdict(
    run: Path, signer: GpgSigner, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for a second opinion does not get a verdict without one."""
    write_run(run, signer)
    monkeypatch.setattr("recipe_runner.sqv.shutil.which", lambda _: None)
    with pytest.raises(UnmetError, match="`sqv`"):
        verify(run, policy, second_opinion=True)
