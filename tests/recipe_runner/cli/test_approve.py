"""Four eyes as people use it: key rings of their own, files that travel, a run that waits."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import only_run, recipe, records
from tests.support.keyring import gpg
from tests.support.people import Somebody, somebody
from tests.support.terminal import Person

ROOT = Path(__file__).parents[3]
RECIPE = """---
recipe: 1
params:
  serial: {type: str, default: "20091022"}
---
# Release

```bash {#build}
echo built >> log
```

```bash {#publish approve=COUNT by=security}
echo "published $serial" >> log
BODY
```
"""


@dataclass(frozen=True)
class Team:
    """Ann operates, Ben and Cat approve as `security`, Dan's certificate nobody has."""

    ann: Somebody
    ben: Somebody
    cat: Somebody
    dan: Somebody
    policy: Path


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with ExitStack() as stack:
        ann, ben, cat, dan = (stack.enter_context(somebody(name)) for name in ("ann", "ben", "cat", "dan"))
        for person in (ben, cat):
            gpg(ann.home, "--import", given=gpg(person.home, "--armor", "--export", person.key))
        place = tmp_path_factory.mktemp("policy")
        policy = place / "policy.toml"
        assert ann.does("policy", policy, directory=place).returncode == 0
        for person in (ben, cat):
            named = ann.does("policy", policy, "--approver", person.key, "--role", "security", directory=place)
            assert named.returncode == 0, named.stderr
        yield Team(ann, ben, cat, dan, policy)


def written(place: Path, count: int = 1, body: str = "true") -> Path:
    """Write a recipe with a step that needs approvals."""
    file = place / "release.md"
    file.write_text(RECIPE.replace("COUNT", str(count)).replace("BODY", body))
    return file


def begun(team: Team, place: Path, *more: str, count: int = 1, body: str = "true") -> Path:
    """Run it up to that step; returns the run's directory."""
    done = team.ann.does("run", written(place, count, body), "--yes", "--runs", "runs", *more, directory=place)
    assert done.returncode == 5, done.stderr
    return only_run(place / "runs")


def newest(run: Path) -> Path:
    """Return the last request."""
    return max((run / "requests").iterdir())


def resumed(team: Team, run: Path, *more: str | Path) -> subprocess.CompletedProcess[str]:
    return team.ann.does("resume", run, "--yes", *more, directory=run.parents[1])


def verdict(team: Team, run: Path) -> dict[str, Any]:
    done = recipe("verify", run, "--policy", team.policy, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def log(place: Path) -> list[str]:
    return (place / "log").read_text().splitlines()


@pytest.fixture(scope="module")
def asked(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a request that somebody has made."""
    return newest(begun(team, tmp_path_factory.mktemp("asked")))


def test_a_step_runs_once_somebody_else_has_signed(team: Team, tmp_path: Path) -> None:
    """The run stops and says how to get what is missing; the answer is imported, and both verifiers find it good."""
    stopped = team.ann.does(
        "run", written(tmp_path), "--yes", "--runs", "runs", "--policy", team.policy, directory=tmp_path
    )
    run = only_run(tmp_path / "runs")
    request = newest(run)
    assert stopped.returncode == 5
    assert "`publish` must be approved by 1 person of role `security`; 0 of 1 so far." in stopped.stderr
    assert f"they run: recipe approve {request.name}" in stopped.stderr
    assert log(tmp_path) == ["built"]
    answer = team.ben.approves(request, tmp_path)
    shutil.copy(answer, run / "approvals")
    done = resumed(team, run, "--policy", team.policy)
    assert (done.returncode, log(tmp_path)) == (0, ["built", "published 20091022"]), done.stderr
    found = verdict(team, run)
    assert (found["verdict"], found["trusted_time"]) == ("VALID", "approver")
    (given,) = found["approvals"]
    assert (given["step"], given["attempt"], given["decision"], given["approver"]) == (
        "publish",
        1,
        "approve",
        team.ben.key,
    )
    keyring = tmp_path / "keyring.gpg"
    keyring.write_bytes(gpg(team.ann.home, "--export", team.ann.key, team.ben.key))
    script: list[str | Path] = [ROOT / "docs/verify-journal.sh", run, keyring, team.ann.key]
    assert subprocess.run([*script, f"security={team.ben.key}"], check=False, capture_output=True).returncode == 0
    assert subprocess.run([*script, f"docs={team.ben.key}"], check=False, capture_output=True).returncode == 3
    kept = json.loads(answer.read_text())
    assert kept["request"]["record"]["params"] == {"serial": "20091022"}


def test_a_run_waits_at_a_terminal_while_others_approve(team: Team, tmp_path: Path) -> None:
    """The operator waits; two others approve on their own; the step begins when the second answer is there."""
    written(tmp_path, count=2)
    person = Person(
        *("run", "release.md", "--runs", "runs", "--policy", str(team.policy)),
        directory=tmp_path,
        environ={"GNUPGHOME": str(team.ann.home)},
        width=120,
    )
    person.sees("› ")
    person.types("")
    person.sees("2/2 publish")
    person.sees("› ")
    person.types("")
    person.sees("must be approved by 2 people of role `security`; 0 of 2 so far")
    person.sees("recipe approve ")
    person.sees("› ")
    person.types("w")
    person.sees("waiting for approvals")
    person.presses("c")
    person.sees("must be approved")
    person.sees("› ")
    run = only_run(tmp_path / "runs")
    person.types("i")
    person.sees("File: ")
    person.types(str(team.ben.approves(newest(run), tmp_path)))
    person.sees("1 of 2 so far, by ")
    person.sees("› ")
    person.types("w")
    person.sees("waiting for approvals")
    answer = team.cat.approves(newest(run), tmp_path)
    answer.rename(run / "approvals" / answer.name)
    assert person.leaves() == 0
    assert log(tmp_path) == ["built", "published 20091022"]
    assert [r["t"] for r in records(run) if r["t"] in {"request", "approval"}] == ["request", "approval", "approval"]
    assert verdict(team, run)["verdict"] == "VALID"


def test_an_approver_reads_and_decides_at_a_terminal(team: Team, tmp_path: Path) -> None:
    """Only `approve` and `deny` sign; the code, the values and who asks are on the screen, and nothing escapes."""
    run = begun(team, tmp_path, "-p", "serial=1\x1b[31m\u202e2")
    person = Person(
        *("approve", str(newest(run)), "-o", "answer.json"),
        directory=tmp_path,
        environ={"GNUPGHOME": str(team.ben.home)},
        width=120,
    )
    person.sees("Type approve or deny: ")
    person.types("yes")
    person.sees("nothing has been signed")
    person.sees("Type approve or deny: ")
    person.types("deny")
    person.sees("Reason: ")
    person.types("not on a Friday")
    assert person.leaves() == 0
    shown = person.screen()
    assert 'echo "published $serial"' in shown
    assert r"1\u{1b}[31m\u{202e}2" in shown
    assert team.ann.key in shown
    assert "decision: deny\n" in json.loads((tmp_path / "answer.json").read_text())["stmt"]


def test_a_denial_is_recorded_and_stops_the_step(team: Team, tmp_path: Path) -> None:
    """The run says who denied and why; a resumption asks again, and the new request can be approved."""
    run = begun(team, tmp_path)
    first = newest(run)
    shutil.copy(team.ben.approves(first, tmp_path, "--deny", "--reason", "not on a Friday"), run / "approvals")
    denied = resumed(team, run)
    assert denied.returncode == 5
    assert f"`publish` was denied by {team.ben.key}: not on a Friday." in denied.stderr
    assert resumed(team, run).returncode == 5
    assert newest(run) != first
    approved = resumed(team, run, "--approval", team.cat.approves(newest(run), tmp_path))
    assert approved.returncode == 0, approved.stderr
    found = verdict(team, run)
    assert (found["verdict"], [given["decision"] for given in found["approvals"]]) == ("VALID", ["deny", "approve"])


def test_the_same_person_counts_once(team: Team, tmp_path: Path) -> None:
    """A second answer by the same primary key is refused, with or without another one's."""
    run = begun(team, tmp_path, count=2)
    for number in (1, 2):
        answer = team.ben.approves(newest(run), tmp_path, "--yes", "--reason", f"look {number}")
        shutil.copy(answer, run / "approvals" / f"{number}.json")
    once = resumed(team, run)
    assert once.returncode == 5
    assert "second answer by the same person" in once.stderr
    assert "1 of 2 so far" in once.stderr
    again = resumed(team, run, "--approval", run / "approvals" / "2.json")
    assert "has answered already" in again.stderr
    assert resumed(team, run, "--approval", team.cat.approves(newest(run), tmp_path)).returncode == 0
    assert verdict(team, run)["verdict"] == "VALID"


def test_nobody_approves_their_own_run(team: Team, tmp_path: Path) -> None:
    """Neither the operator's key nor a new subkey of it will do, whatever the file claims."""
    run = begun(team, tmp_path)
    refused = team.ann.does("approve", newest(run), "--yes", directory=tmp_path)
    assert refused.returncode == 2
    assert "four eyes are two people" in refused.stderr
    answer = json.loads(team.ben.approves(newest(run), tmp_path).read_text())
    said = answer["stmt"].replace(team.ben.key, team.ann.key)
    signature = gpg(team.ann.home, "--armor", "--local-user", team.ann.key, "--detach-sign", given=said.encode())
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(answer | {"stmt": said, "sig": signature.decode()}))
    own = resumed(team, run, "--approval", forged)
    assert own.returncode == 5
    assert "seals this run" in own.stderr
    forged.write_text(json.dumps(answer | {"sig": signature.decode()}))
    assert "forged.json" in resumed(team, run, "--approval", forged).stderr
    assert log(tmp_path) == ["built"]


def test_only_those_whom_the_policy_names_may_approve(team: Team, tmp_path: Path) -> None:
    """With a policy somebody without the role is refused; without one, somebody whose certificate is not here."""
    run = begun(team, tmp_path)
    answer = team.dan.approves(newest(run), tmp_path)
    assert "the policy does not let" in resumed(team, run, "--policy", team.policy, "--approval", answer).stderr
    assert "no certificate" in resumed(team, run, "--approval", answer).stderr
    shutil.copy(team.ben.approves(newest(run), tmp_path), run / "approvals")
    assert resumed(team, run).returncode == 0
    (approval,) = (r for r in records(run) if r["t"] == "approval")
    assert (run / "blobs" / approval["certificate"]["sha256"]).stat().st_size == approval["certificate"]["size"]
    assert verdict(team, run)["verdict"] == "VALID"


def test_an_approval_is_for_one_attempt(team: Team, tmp_path: Path) -> None:
    """After a failure the step needs a new one, and the old file does nothing."""
    run = begun(team, tmp_path, body="test -e mended")
    shutil.copy(team.ben.approves(newest(run), tmp_path), run / "approvals")
    assert resumed(team, run).returncode == 1
    (tmp_path / "mended").touch()
    again = resumed(team, run)
    assert again.returncode == 5
    assert json.loads(newest(run).read_text())["record"]["attempt"] == 2
    assert resumed(team, run, "--approval", team.ben.approves(newest(run), tmp_path)).returncode == 0
    assert verdict(team, run)["verdict"] == "VALID"


def test_an_approval_of_what_has_expired_lets_nothing_begin(team: Team, tmp_path: Path) -> None:
    """The run asks again, and only an answer to that will do; an old one that lies about is passed over."""
    run = begun(team, tmp_path, "--approval-expiry", "5s")
    old = team.ben.approves(newest(run), tmp_path)
    shutil.copy(old, run / "approvals")
    again = resumed(team, run)
    assert (again.returncode, "0 of 1 so far" in again.stderr, log(tmp_path)) == (5, True, ["built"])
    assert resumed(team, run, "--approval", team.ben.approves(newest(run), tmp_path)).returncode == 0
    assert [r["t"] for r in records(run) if r["t"] in {"request", "approval"}] == ["request", "request", "approval"]
    assert verdict(team, run)["verdict"] == "VALID"


def test_an_answer_is_for_one_run(team: Team, tmp_path: Path) -> None:
    """Of two runs that wait with the same recipe, an answer lets only the one go on that it was made for."""
    places = tmp_path / "first", tmp_path / "second"
    for place in places:
        place.mkdir()
    first, second = (begun(team, place) for place in places)
    answer = team.ben.approves(newest(first), tmp_path)
    for run in (first, second):
        shutil.copy(answer, run / "approvals")
    assert (resumed(team, first).returncode, resumed(team, second).returncode) == (0, 5)
    assert "answers another request" in resumed(team, second, "--approval", answer).stderr
    assert log(places[1]) == ["built"]


def test_half_a_request_is_not_signed_and_half_an_answer_not_taken(team: Team, tmp_path: Path) -> None:
    """What a copy or a mail has cut off is said to be no request or answer; the whole file works afterwards."""
    run = begun(team, tmp_path)
    half = tmp_path / "half.json"
    half.write_bytes(newest(run).read_bytes()[:-40])
    refused = team.ben.does("approve", half, "--yes", directory=tmp_path)
    assert (refused.returncode, "it is not JSON" in refused.stderr) == (2, True)
    answer = team.ben.approves(newest(run), tmp_path)
    arriving = run / "approvals" / "ben.json"
    arriving.write_bytes(answer.read_bytes()[:-40])
    early = resumed(team, run)
    assert (early.returncode, "`ben.json`" in early.stderr, log(tmp_path)) == (5, True, ["built"])
    arriving.write_bytes(answer.read_bytes())
    assert resumed(team, run).returncode == 0


def test_a_changed_step_needs_a_new_approval(team: Team, tmp_path: Path) -> None:
    """What was approved was another text; and a recipe without `approve=` does not free the run from it."""
    run = begun(team, tmp_path)
    first = newest(run)
    shutil.copy(team.ben.approves(first, tmp_path), run / "approvals")
    written(tmp_path, body="echo more >> log")
    changed = resumed(team, run)
    assert (changed.returncode, newest(run) != first, log(tmp_path)) == (5, True, ["built"])
    file = tmp_path / "release.md"
    file.write_text(file.read_text().replace(" approve=1 by=security", ""))
    assert resumed(team, run).returncode == 5
    assert resumed(team, run, "--approval", team.ben.approves(newest(run), tmp_path)).returncode == 0
    assert verdict(team, run)["verdict"] == "VALID"


def test_a_policy_may_want_more_than_the_recipe(team: Team, tmp_path: Path) -> None:
    """A step that the policy names waits too; an operator whom it does not name runs nothing."""
    policy = tmp_path / "strict.toml"
    shutil.copytree(team.policy.parent, tmp_path, dirs_exist_ok=True)
    policy.write_text(team.policy.read_text() + '\n[approvals]\nbuild = { count = 1, role = "security" }\n')
    stopped = team.ann.does("run", written(tmp_path), "--yes", "--runs", "runs", "--policy", policy, directory=tmp_path)
    assert stopped.returncode == 5
    assert "`build` must be approved by 1 person" in stopped.stderr
    stranger = team.dan.does("run", "release.md", "--yes", "--runs", "other", "--policy", policy, directory=tmp_path)
    assert stranger.returncode == 3
    assert "the policy does not allow key" in stranger.stderr
    boss = team.ann.does(
        *("run", "release.md", "--yes", "--runs", "other", "--policy", policy, "--role", "boss"), directory=tmp_path
    )
    assert "the policy does not give `boss`" in boss.stderr
    policy.write_text(team.policy.read_text() + '\n[recipe]\nname = "x.md"\n[parameters]\nserial = "1"\n')
    other = team.ann.does("run", "release.md", "--yes", "--runs", "other", "--policy", policy, directory=tmp_path)
    assert (boss.returncode, other.returncode, other.stderr.count("the policy wants")) == (3, 3, 2)
    assert not (tmp_path / "other").exists()


def test_an_unsigned_run_cannot_have_approvals(tmp_path: Path) -> None:
    """It is refused before anything runs."""
    done = recipe("run", written(tmp_path), "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    assert done.returncode == 2
    assert "`publish` must be approved, which an unsigned run cannot prove" in done.stderr
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: d | {"code": ["rm -r /"]}, "not the code that the record names"),
        (lambda d: d | {"record": d["record"] | {"expires": "2020-01-01T00:00:00.000000Z"}}, "expired at 2020-01-01"),
        (lambda d: d | {"record": d["record"] | {"n": 1.5}}, "a value is a float"),
        (lambda d: d | {"record": {}}, "has no field `n`"),
        (lambda d: d | {"more": 1}, "does not have the form of a request"),
        (lambda _: [], "does not have the form of a request"),
    ],
)
def test_a_request_that_was_tampered_with_is_not_signed(
    team: Team, asked: Path, tmp_path: Path, change: Any, fault: str
) -> None:
    """Its parts must agree with each other; what is wrong is said, with exit code 2."""
    file = tmp_path / "request.json"
    file.write_text(json.dumps(change(json.loads(asked.read_text()))))
    done = team.ben.does("approve", file, "--yes", directory=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--yes", "--deny", "--reason", "x"), ("--deny",), ("--deny", "--reason", " "), ()],
)
def test_wrong_usage_of_approve_is_refused(team: Team, asked: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Contradictions, a denial without a reason, and nobody to ask end with exit code 2 and a hint."""
    done = team.ben.does("approve", asked, *arguments, directory=tmp_path)
    assert done.returncode == 2
    assert "hint: " in done.stderr


def test_a_policy_is_extended_in_place(team: Team, tmp_path: Path) -> None:
    """A second approver is added, the same one is not, and what is no fingerprint or role is refused."""
    shutil.copytree(team.policy.parent, tmp_path, dirs_exist_ok=True)
    policy = tmp_path / team.policy.name
    before = policy.read_text()
    for wrong in (("--approver", "ABCD"), ("--approver", team.ben.key), ("--approver", team.ben.key, "--role", "a b")):
        assert team.ann.does("policy", policy, *wrong, directory=tmp_path).returncode == 2
    assert team.ann.does("policy", policy, "--approver", "A" * 40, directory=tmp_path).returncode == 3
    assert policy.read_text() == before
    assert "[[approvers]]" in before
