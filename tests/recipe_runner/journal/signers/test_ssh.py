from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from recipe_runner.errors import IncompleteError, UnmetError, VerificationError
from recipe_runner.gpgv import UntrustedError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.policy_writer import write_policy
from recipe_runner.journal.signers.find import find_signer
from recipe_runner.journal.signers.signature import verify_signature
from recipe_runner.journal.signers.ssh import SshSigner
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from tests.recipe_runner.journal.runs import FULL, SMALL, genesis, write_run
from tests.support.ssh_agent import make_ssh_key, ssh_agent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty home directory, and no agent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


def fingerprint(key: Path) -> str:
    """Return what ssh-keygen says a key's fingerprint is."""
    return subprocess.run(["ssh-keygen", "-lf", str(key)], check=True, capture_output=True, text=True).stdout.split()[1]


@pytest.mark.parametrize("algorithm", ["ed25519", "rsa", "ecdsa"])
def test_a_run_sealed_by_a_file_is_valid(home: Path, algorithm: str) -> None:
    """A key file of each type seals a run that a policy with its public key finds VALID."""
    key = make_ssh_key(home / "key", algorithm=algorithm)
    signer = find_signer(f"ssh:{key}")
    assert signer.primary == signer.signing == fingerprint(key)
    write_policy(home / "policy.toml", signer)
    run = write_run(home / "run", signer, FULL)
    report = verify(run, Policy.load(home / "policy.toml"))
    assert (report.verdict, report.facts.signers) == (Verdict.VALID, (signer.primary,))


def test_an_agent_signs_without_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key with a passphrase that the agent has signs by its fingerprint, and by its `.pub` file alone."""
    key = make_ssh_key(home / "locked", passphrase="")
    with ssh_agent(key) as variables:
        monkeypatch.setenv("SSH_AUTH_SOCK", variables["SSH_AUTH_SOCK"])
        key.unlink()
        by_name, by_file = find_signer(fingerprint(home / "locked.pub")), find_signer(f"ssh:{key}.pub")
        assert by_name == by_file
        made = by_name.sign(b"said").encode()
        public = by_name.certificate(by_name.primary)
    found = verify_signature(b"said", made, certificates=[public], primaries=frozenset({by_name.primary}))
    assert (found.signing, found.created, found.hash) == (by_name.signing, None, "SHA512")


def test_a_key_of_the_home_directory_is_found_by_its_fingerprint(home: Path) -> None:
    """Among the keys of `~/.ssh`, the named one signs."""
    wanted = make_ssh_key(home / ".ssh" / "id_ed25519")
    make_ssh_key(home / ".ssh" / "id_rsa", algorithm="rsa")
    (home / ".ssh" / "junk.pub").write_text("no key\n")
    assert find_signer(fingerprint(wanted)).primary == fingerprint(wanted)


def test_a_locked_file_is_unmet_and_the_way_out_named(home: Path) -> None:
    """A passphrase would be asked for at every seal: the hint says how to load the key once."""
    key = make_ssh_key(home / "locked", passphrase="secret")
    with pytest.raises(UnmetError, match="passphrase") as caught:
        find_signer(f"ssh:{key}")
    assert f"ssh-add {key}" in str(caught.value.diagnostics[0].hint)


@pytest.mark.parametrize(
    "name", ["SHA256:abc", f"SHA256:{'A' * 43}", "ssh:/nowhere", "ssh:{home}/junk", "ssh:{home}/lone.pub"]
)
def test_a_key_that_is_not_there_is_unmet(home: Path, name: str) -> None:
    """A short or unknown fingerprint, a missing file, a file that is no key, a public key alone: each is said."""
    (home / "junk").write_text("no key\n")
    make_ssh_key(home / "lone").unlink()
    with pytest.raises(UnmetError) as caught:
        find_signer(name.format(home=home))
    assert caught.value.diagnostics[0].hint


def test_an_agent_that_dies_in_mid_run_is_incomplete(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the key and what to look at, and nothing is signed."""
    key = make_ssh_key(home / "key")
    with ssh_agent(key) as variables:
        monkeypatch.setenv("SSH_AUTH_SOCK", variables["SSH_AUTH_SOCK"])
        key.unlink()
        signer = find_signer(f"ssh:{key}.pub")
    with pytest.raises(IncompleteError, match="could not sign") as caught:
        signer.sign(b"said")
    assert "ssh-add -L" in str(caught.value.diagnostics[0].hint)


def test_a_run_goes_on_with_the_key_that_sealed_so_far(home: Path) -> None:
    """Reopening asks for the SSH key by its fingerprint and checks the last seal with it; a bad seal is refused."""
    signer = SshSigner.find(f"ssh:{make_ssh_key(home / '.ssh' / 'id_ed25519')}")
    run = write_run(home / "run", signer, SMALL[:-1])
    asked: list[str | None] = []

    def find(key: str | None) -> SshSigner:
        asked.append(key)
        return SshSigner.find(str(key))

    with Journal.reopen(run, find) as journal:
        journal.record(SMALL[-1])
    assert asked == [signer.signing]
    policy = Policy(frozenset({signer.primary}), (signer.certificate(signer.primary),))
    assert verify(run, policy).verdict is Verdict.VALID


def test_only_a_named_key_is_trusted(home: Path) -> None:
    """Another SSH key is UNTRUSTED, known or not; so is an SSH key where only OpenPGP is trusted."""
    me, other = (SshSigner.find(f"ssh:{make_ssh_key(home / name)}") for name in ("me", "other"))
    made = other.sign(b"said").encode()
    mine, theirs = me.certificate(me.primary), other.certificate(other.primary)
    for certificates in ((mine,), (mine, theirs), ()):
        with pytest.raises(UntrustedError):
            verify_signature(b"said", made, certificates=certificates, primaries=frozenset({me.primary}))
    with pytest.raises(VerificationError, match="does not belong"):
        verify_signature(b"other", made, certificates=(theirs,), primaries=frozenset({other.primary}))


def test_a_signers_certificate_is_found_here(home: Path) -> None:
    """Somebody else's SSH key is found in `~/.ssh`; one that is not there is unmet."""
    me = SshSigner.find(f"ssh:{make_ssh_key(home / 'me')}")
    other = make_ssh_key(home / ".ssh" / "other")
    assert me.certificate(fingerprint(other)).split()[:2] == (home / ".ssh" / "other.pub").read_bytes().split()[:2]
    with pytest.raises(UnmetError, match="SHA256:A"):
        me.certificate(f"SHA256:{'A' * 43}")


def test_mixed_journal_starts_with_genesis(home: Path) -> None:
    """The first record names the key twice, since an SSH key is its own primary key."""
    signer = SshSigner.find(f"ssh:{make_ssh_key(home / 'me')}")
    run = write_run(home / "run", signer, first=genesis())
    assert (
        f'"signer":{{"primary":"{signer.primary}","signing":"{signer.primary}"}}' in (run / "journal.jsonl").read_text()
    )
