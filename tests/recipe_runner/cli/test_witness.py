from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.test_vectors import by_shell
from tests.support.authority import Authority, serving
from tests.support.command import environment, only_run, recipe, records
from tests.support.keyring import keyring, make_key
from tests.support.repository import bare, put

TEXT = "```bash {#one}\ntrue\n```\n\n```bash {#two}\ntrue\n```\n"
NOBODY = "tsa=http://127.0.0.1:1/"


@dataclass(frozen=True)
class Place:
    """A directory with a recipe, a key, an authority, a remote repository, and policies."""

    directory: Path
    key: str
    home: Path
    authority: Authority
    remote: Path

    def policy(self, *witnesses: str) -> Path:
        """Write a policy that trusts the key and demands these witnesses."""
        path = self.directory / "policy.toml"
        recipe("policy", path, "--key", self.key, "--force")
        with path.open("a") as file:
            file.writelines(f"\n[[witnesses]]\n{text}\n" for text in witnesses)
        return path

    def verify(self, run: Path, policy: Path) -> dict[str, Any]:
        """Return the report."""
        found: dict[str, Any] = json.loads(recipe("verify", run, "--policy", policy, "--json").stdout)
        return found


TSA = 'kind = "tsa"\nca = "tsa/ca.pem"\n'
GIT = 'kind = "git"\naddress = "remote.git"\n'
BOTH = 'required = ["genesis", "close"]\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("witnessed")
    (directory / "r.md").write_text(TEXT)
    with keyring() as home:
        key = make_key(home, "manager")
        yield Place(directory, key, home, Authority.make(directory / "tsa"), bare(directory / "remote.git"))


@pytest.fixture(scope="module")
def witnessed(place: Place) -> Path:
    """Run the recipe before both witnesses, and one that is absent."""
    with serving(lambda query: (200, place.authority.stamp(query))) as url:
        witnesses = [f"tsa={url}", f"git={place.remote}", NOBODY]
        named = [word for witness in witnesses for word in ("--witness", witness)]
        done = recipe("run", "r.md", "--yes", "--runs", "runs", "--key", place.key, *named, directory=place.directory)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("was told in vain") == 2
    return only_run(place.directory / "runs")


def test_witnesses_vouch_for_beginning_and_end(place: Place, witnessed: Path) -> None:
    """A run before witnesses is VALID where a policy demands them, and the report says who has seen what, and when."""
    policy = place.policy(TSA + BOTH, GIT + BOTH)
    report = place.verify(witnessed, policy)
    count = len(records(witnessed))
    assert (report["verdict"], report["reasons"], report["trusted_time"]) == ("VALID", [], "RFC 3161")
    found = [(w["kind"], w["outcome"], w["records"], w["time"] is not None) for w in report["witnesses"]]
    assert found == [
        (kind, "vouches", n, kind == "tsa") for kind, n in (("tsa", 2), ("tsa", count), ("git", 2), ("git", count))
    ]
    said = recipe("verify", witnessed, "--policy", policy).stdout
    for text in (f"vouches for all {count} records", "vouches for the first 2 of", "trusted time RFC 3161"):
        assert text in said
    named = next(r["n"] for r in records(witnessed) if r["t"] == "witness" and r["kind"] == "tsa" and r["receipt"])
    assert f"what stands behind record {named}, which names it, was written later" in said


def test_the_shell_verifier_shows_timestamps(place: Place, witnessed: Path, tmp_path: Path) -> None:
    """With the authority's certificate the auditor's script prints what each receipt proves, with another's nothing."""
    stranger = Authority.make(tmp_path / "stranger")
    for authority, proves in ((place.authority, True), (stranger, False)):
        code, said = by_shell(witnessed, place.policy(), tmp_path, {"TSA_CA": str(authority.ca)})
        verdict, *stamps = said.splitlines()
        assert (code, verdict.split()[0], len(stamps)) == (0, "VALID", 2)
        assert all(("existed at" in stamp) == proves for stamp in stamps)
        assert ("the first 2 of" in said) == proves


def test_the_journal_tells_of_its_witnesses(place: Place, witnessed: Path, tmp_path: Path) -> None:
    """What came of the calls at the beginning is on record, failures too; the shell verifier accepts the lines."""
    told = [record for record in records(witnessed) if record["t"] == "witness"]
    assert sorted((r["kind"], r["outcome"], r["records"]) for r in told) == [
        ("git", "attested", 2),
        ("tsa", "attested", 2),
        ("tsa", "failed", 2),
    ]
    assert all(r["supplier"].startswith("recipe-runner ") for r in told)
    assert by_shell(witnessed, place.policy(), tmp_path)[0] == 0
    shown = recipe("log", "show", witnessed).stdout
    assert "has seen 2 records" in shown


def test_many_runs_are_listed_by_one_question(place: Place, witnessed: Path, tmp_path: Path) -> None:
    """`recipe log list --policy` asks a remote once, however many runs there are, and gives each its verdict."""
    for number in range(3):
        shutil.copytree(witnessed, tmp_path / "runs" / f"copy-{number}")
    (tmp_path / "git").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexec {shutil.which("git")} "$@"\n')
    (tmp_path / "git").chmod(0o755)
    named = ("--runs", tmp_path / "runs", "--policy", place.policy(GIT + BOTH), "--json")
    listed = recipe("log", "list", *named, environ={"PATH": f"{tmp_path}:{environment()['PATH']}"})
    assert [run["verdict"] for run in json.loads(listed.stdout)] == ["VALID"] * 3, listed.stderr
    asked = (tmp_path / "asked").read_text()
    assert [asked.count(verb) for verb in ("ls-remote", " fetch ", "init")] == [1, 1, 1]


def test_without_a_policy_for_them_receipts_prove_nothing(place: Place, witnessed: Path) -> None:
    """Receipts that no witness of the policy stands behind are named, and no time is trusted."""
    report = place.verify(witnessed, place.policy())
    assert (report["verdict"], report["trusted_time"]) == ("VALID", "none")
    assert {w["outcome"] for w in report["witnesses"]} == {"silent"}


def test_a_run_that_its_operator_wrote_anew_is_found_out(place: Place, witnessed: Path, tmp_path: Path) -> None:
    """The key's holder can seal another story; the remote has seen the first, and the timestamps are not over it."""
    other = tmp_path / witnessed.name
    shutil.copytree(witnessed, other)
    signer = Keyring(place.home).signer(place.key)
    forge.write(other, forge.chained(forge.edited(forge.read(other)), sign=signer.sign))
    assert place.verify(other, place.policy())["verdict"] == "VALID"
    report = place.verify(other, place.policy(GIT))
    assert report["verdict"] == "INVALID"
    assert "contradicts" in report["reasons"][0]
    report = place.verify(other, place.policy(TSA + BOTH))
    assert report["verdict"] == "UNTRUSTED"
    assert "no witness `tsa` vouches for the close" in report["reasons"][0]


def test_a_tail_that_was_cut_off_is_known_to_the_remote(place: Place, witnessed: Path, tmp_path: Path) -> None:
    """Without its end, the journal is not only incomplete: somebody has seen the end."""
    other = tmp_path / witnessed.name
    shutil.copytree(witnessed, other)
    lines = (other / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (other / "journal.jsonl").write_bytes(b"".join(lines[:-2]))
    assert place.verify(other, place.policy())["verdict"] == "INCOMPLETE"
    assert place.verify(other, place.policy(GIT))["verdict"] == "INVALID"


@pytest.mark.parametrize("change", ["removed", "changed", "replaced by a link"])
def test_a_receipt_on_record_must_be_there(place: Place, witnessed: Path, tmp_path: Path, change: str) -> None:
    """A receipt that a record names is part of the run, like a blob; both verifiers miss it."""
    other = tmp_path / witnessed.name
    shutil.copytree(witnessed, other)
    receipt = other / "witnesses" / "2-tsa.tsr"
    data = receipt.read_bytes()
    receipt.unlink()
    if change == "changed":
        receipt.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif change != "removed":
        receipt.symlink_to(witnessed / "witnesses" / "2-tsa.tsr")
    policy = place.policy()
    assert place.verify(other, policy)["verdict"] == "INVALID"
    assert by_shell(other, policy, tmp_path)[0] == 1


def test_what_a_policy_demands_must_be_vouched_for(place: Place, tmp_path: Path) -> None:
    """A run without witnesses is UNTRUSTED where one is demanded, with a reason for each moment."""
    recipe("run", "r.md", "--yes", "--runs", tmp_path, "--key", place.key, directory=place.directory)
    run = only_run(tmp_path)
    report = place.verify(run, place.policy(TSA + BOTH))
    assert report["verdict"] == "UNTRUSTED"
    assert len(report["reasons"]) == 2
    report = place.verify(run, place.policy('kind = "git"\naddress = "/nowhere.git"\n' + BOTH))
    assert report["verdict"] == "UNTRUSTED"
    assert "could not be asked" in report["reasons"][0]
    assert place.verify(run, place.policy('kind = "git"\naddress = "/nowhere.git"\n'))["verdict"] == "VALID"
    (said,) = place.verify(run, place.policy(GIT))["witnesses"]
    assert (said["outcome"], said["text"]) == ("silent", "it says nothing of this run")


def test_statements_about_other_runs_matter_to_nobody(place: Place, witnessed: Path) -> None:
    """What somebody else puts on the branch, under another run's name, changes no verdict."""
    put(place.remote, "witness", f"{'9' * 32}/2", "recipe-run-head/v1\nrun: " + "9" * 32 + "\n")
    assert place.verify(witnessed, place.policy(GIT + BOTH))["verdict"] == "VALID"


def test_a_resumed_run_is_witnessed_again(place: Place, tmp_path: Path) -> None:
    """Each session's beginning and end are attested; the environment can name the witnesses for a team."""
    environ = {"RECIPE_WITNESSES": f"git={place.remote}#team"}
    arguments = ("--yes", "--key", place.key)
    recipe("run", "r.md", "--until", "one", "--runs", tmp_path, *arguments, directory=place.directory, environ=environ)
    run = only_run(tmp_path)
    before = len(records(run))
    assert recipe("resume", run, *arguments, directory=place.directory, environ=environ).returncode == 0
    report = place.verify(run, place.policy(f'kind = "git"\naddress = "{place.remote}#team"\n' + BOTH))
    marks = [w["records"] for w in report["witnesses"]]
    assert report["verdict"] == "VALID"
    assert marks == [2, before, before + 2, len(records(run))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "nobody"', "there is no kind of witness `nobody`"),
        ('kind = "tsa"\nca = "absent.pem"', "absent.pem"),
        ('kind = "tsa"\naddress = "ftp://x"', "ftp://x"),
        ('kind = "tsa"\nrequired = ["end"]', "genesis"),
        ('kind = "tsa"\nmore = 1', "unknown key `more`"),
    ],
)
def test_a_policy_with_faulty_witnesses_is_refused(place: Place, witnessed: Path, text: str, said: str) -> None:
    """Unknown kinds, missing certificates and impossible addresses are said with their line; there is no verdict."""
    done = recipe("verify", witnessed, "--policy", place.policy(text))
    assert done.returncode == 4
    assert said in done.stderr
    assert "policy.toml:" in done.stderr


class Flaky:
    """An authority that can be switched off."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.stamps = 0

    def __call__(self, query: bytes) -> tuple[int, bytes]:
        if self.stamps == 0:
            return 503, b""
        self.stamps -= 1
        return 200, self.authority.stamp(query)


def test_a_run_does_not_begin_without_a_demanded_witness(place: Place, tmp_path: Path) -> None:
    """With --policy, a demanded witness must be named; while it fails no step runs; when it is back the run goes on."""
    policy = place.policy(TSA + BOTH)
    arguments = ("--yes", "--key", place.key, "--policy", policy)
    done = recipe("run", "r.md", "--runs", tmp_path, *arguments, directory=place.directory)
    assert (done.returncode, "demands a witness `tsa`" in done.stderr) == (3, True)
    assert list(tmp_path.iterdir()) == []
    authority = Flaky(place.authority)
    with serving(authority) as url:
        named = ("--witness", f"tsa={url}")
        done = recipe("run", "r.md", "--runs", tmp_path, *arguments, *named, directory=place.directory)
        assert (done.returncode, "`tsa` vouches for the genesis" in done.stderr) == (3, True)
        run = only_run(tmp_path)
        assert [r["t"] for r in records(run) if r["t"] != "seal"] == ["genesis", "witness", "abort"]
        authority.stamps = 2
        assert recipe("resume", run, *arguments, *named, directory=place.directory).returncode == 0
    report = place.verify(run, policy)
    assert (report["verdict"], report["reasons"]) == ("VALID", [])


def test_an_end_without_a_demanded_witness_can_be_attested_later(place: Place, tmp_path: Path) -> None:
    """The work is done and the run is over, but it is not complete before `recipe witness` has had it attested."""
    policy = place.policy(TSA + BOTH)
    authority = Flaky(place.authority)
    authority.stamps = 1
    with serving(authority) as url:
        arguments = ("--yes", "--key", place.key, "--policy", policy, "--witness", f"tsa={url}")
        done = recipe("run", "r.md", "--runs", tmp_path, *arguments, directory=place.directory)
        run = only_run(tmp_path)
        assert (done.returncode, f"recipe witness {run}" in done.stderr) == (5, True)
        assert records(run)[-2]["t"] == "close"
        assert place.verify(run, policy)["verdict"] == "UNTRUSTED"
        failed = recipe("witness", run, "--witness", f"tsa={url}")
        assert (failed.returncode, "in vain" in failed.stdout) == (1, True)
        authority.stamps = 1
        assert recipe("witness", run, "--witness", f"tsa={url}").returncode == 0
    assert place.verify(run, policy)["verdict"] == "VALID"


def test_only_what_is_sealed_is_attested_later(place: Place, tmp_path: Path) -> None:
    """A torn end may yet be set aside, so it is left out; without a witness there is nothing to do."""
    arguments = ("--yes", "--key", place.key, "--until", "one")
    recipe("run", "r.md", "--runs", tmp_path, *arguments, directory=place.directory)
    run = only_run(tmp_path)
    count = len(records(run))
    with (run / "journal.jsonl").open("ab") as file:
        file.write(b'{"done"')
    assert recipe("witness", run).returncode == 2
    assert recipe("witness", run, "--policy", place.policy(GIT)).returncode == 0
    assert recipe("resume", run, "--yes", directory=place.directory).returncode == 0
    marks = {(w["outcome"], w["records"]) for w in place.verify(run, place.policy(GIT))["witnesses"]}
    assert marks == {("vouches", count)}


def test_a_witness_that_cannot_be_is_refused_before_the_run(place: Place, tmp_path: Path) -> None:
    """A wrong witness on the command line ends it with exit code 2, and nothing is run."""
    done = recipe("run", place.directory / "r.md", "--yes", "--runs", tmp_path, "--witness", "tsa=nonsense")
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []
