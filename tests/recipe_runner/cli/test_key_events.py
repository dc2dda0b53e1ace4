"""What happens to keys while a run goes on and after it: SSH keys, and few seals; test_faults has more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.recipe_runner.cli.test_faults import THREE, WARPED
from tests.support.command import environment, only_run, recipe, records
from tests.support.keyring import gpg, keyring, make_key
from tests.support.ssh_agent import make_ssh_key, ssh_agent

CHECKPOINT = ("--seal", "checkpoint:9,60")
"""No seal between the beginning of a session and its end, in a run of three steps."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "home").mkdir()
    return tmp_path


def does(place: Path, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a place with a home and programs of its own."""
    own = {"PATH": f"{place / 'bin'}:{environment()['PATH']}", "HOME": str(place / "home"), **environ}
    return recipe(*arguments, directory=place, environ=own)


def verdict(place: Path) -> str:
    """Return the verdict on the only run by the place's policy."""
    said = does(place, "verify", only_run(place / "runs"), "--policy", "policy.toml", "--json").stdout
    return str(json.loads(said)["verdict"])


def trusting(place: Path, key: Path) -> None:
    """Write a policy that trusts an SSH key alone."""
    public = key.with_suffix(".pub").read_text().strip()
    (place / "policy.toml").write_text(f'policy = 1\n\n[[signers]]\nssh = "{public}"\n')


def ended(place: Path) -> list[str]:
    """Return the steps whose results are on record, under a seal."""
    found = records(only_run(place / "runs"))
    sealed = found[: max(record["n"] for record in found if record["t"] == "seal")]
    return [record["step"] for record in sealed if record["t"] == "step_end" and record["role"] == "run"]


@pytest.mark.parametrize("sealing", [(), CHECKPOINT])
def test_the_ssh_agent_is_killed_in_mid_run(place: Path, sealing: tuple[str, ...]) -> None:
    """The run stops at the next seal and goes on once an agent has the key; only what no seal covers is asked about."""
    key = make_ssh_key(place / "key", passphrase="secret")
    trusting(place, key)
    (place / "ask").write_text("#!/bin/sh\necho secret\n")
    (place / "ask").chmod(0o755)
    asking = {"SSH_ASKPASS": str(place / "ask"), "SSH_ASKPASS_REQUIRE": "force"}
    (place / "r.md").write_text(THREE % "if [ ! -e gone ]; then touch gone; ssh-add -q -D; fi")
    signing = f"ssh:{key}.pub"
    with ssh_agent() as agent:
        subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, **agent, **asking})
        stopped = does(place, "run", "r.md", "--yes", "--runs", "runs", "--key", signing, *sealing, **agent)
        assert (stopped.returncode, "could not sign" in stopped.stderr) == (5, True), stopped.stderr
        assert verdict(place) == "INCOMPLETE"
        run = only_run(place / "runs")
        assert ended(place) == ([] if sealing else ["one"])
        refused = does(place, "resume", run, "--yes", "--key", signing, **agent)
        assert (refused.returncode, "ssh-add" in refused.stderr) == (3, True), refused.stderr
        subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, **agent, **asking})
        assert does(place, "resume", run, "--yes", "--key", signing, **agent).returncode == 0
    every = ["one", "two", "three"]
    assert begun(place) == (every if sealing else [])
    assert (place / "log").read_text().split() == ([*every, "one", "three"] if sealing else every)
    assert verdict(place) == "VALID"


def test_a_key_expires_between_two_checkpoints(place: Path) -> None:
    """Nothing is signed after its date, the steps since the last seal are unknown, and an extended key ends the run."""
    program = shutil.which("gpg")
    (place / "bin/gpg").write_text(WARPED.format(place=place, gpg=program))
    (place / "bin/gpg").chmod(0o755)
    (place / "r.md").write_text(THREE % "[ -e warped ] || date --date '3 days' +%Y%m%dT%H%M%S > warp; touch warped")
    with keyring() as home:
        key = make_key(home, "manager")
        gpg(home, "--quick-set-expire", key, "2d")
        recipe("policy", place / "policy.toml", "--key", key)
        stopped = does(place, "run", "r.md", "--yes", "--runs", "runs", "--key", key, *CHECKPOINT)
        assert (stopped.returncode, "could not sign" in stopped.stderr) == (5, True), stopped.stderr
        assert verdict(place) == "INCOMPLETE"
        (place / "warp").unlink()
        gpg(home, "--quick-set-expire", key, "30d")
        run = only_run(place / "runs")
        assert does(place, "resume", run, "--yes").returncode == 0
        assert begun(place) == ["one", "two", "three"]
        assert (place / "log").read_text().split() == ["one", "two", "three", "one", "three"]
        assert verdict(place) == "VALID"


def begun(place: Path) -> list[str]:
    """Return the steps that were begun behind the last seal, of which nobody knows what they did."""
    recovered = [fields for r in records(only_run(place / "runs")) if r["t"] == "recover" for fields in r["begun"]]
    return [fields["step"] for fields in recovered if fields["role"] == "run"]


def test_a_key_is_revoked_after_the_run(place: Path) -> None:
    """What it sealed is UNTRUSTED for whoever has the revocation, VALID for who has not; and it seals nothing more."""
    (place / "r.md").write_text(THREE % "true")
    with keyring() as home:
        key = make_key(home, "manager")
        recipe("policy", place / "policy.toml", "--key", key)
        named = ("--yes", "--runs", "runs", "--key", key)
        assert does(place, "run", "r.md", *named, *CHECKPOINT).returncode == 0
        revocation = (home / "openpgp-revocs.d" / f"{key}.rev").read_bytes().replace(b":-----BEGIN", b"-----BEGIN")
        gpg(home, "--import", given=revocation)
        assert verdict(place) == "VALID"
        (certificate,) = place.glob("policy-*.asc")
        certificate.write_bytes(gpg(home, "--armor", "--export", key))
        assert verdict(place) == "UNTRUSTED"
        refused = does(place, "run", "r.md", *named)
        assert (refused.returncode, "revoked" in refused.stderr) == (3, True), refused.stderr


def test_an_ssh_key_is_withdrawn_after_the_run(place: Path) -> None:
    """It has no date and no revocation: the policy that no longer names it trusts nothing that it sealed."""
    key = make_ssh_key(place / "key")
    trusting(place, key)
    (place / "r.md").write_text(THREE % "true")
    done = does(place, "run", "r.md", "--yes", "--runs", "runs", "--key", f"ssh:{key}", *CHECKPOINT)
    assert (done.returncode, verdict(place)) == (0, "VALID"), done.stderr
    trusting(place, make_ssh_key(place / "other"))
    assert verdict(place) == "UNTRUSTED"
