"""A run that one operator hands to another, with witnesses and an approval: what its readers are told of all that."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from recipe_runner.gpgv import dearmor
from tests.support.authority import Authority, serving
from tests.support.command import only_run, recipe, records
from tests.support.people import somebody
from tests.support.repository import bare
from tests.support.ssh_agent import make_ssh_key

ROOT = Path(__file__).parents[3]
TEXT = """
```bash {#build}
echo built
```

```bash {#publish approve=1 by=security}
echo published
```
"""
POLICY = """
[[approvers]]
fingerprint = "{approver}"
certificate = "ben.asc"
roles = ["security"]

[[signers]]
ssh = "{ssh}"

[[witnesses]]
kind = "tsa"
ca = "tsa/ca.pem"
required = ["genesis", "close"]

[[witnesses]]
kind = "git"
address = "audit.git"
required = ["genesis", "close"]
"""


@dataclass(frozen=True)
class HandedOver:
    """The run, the policy, and the primary keys of Ann (OpenPGP), who began, Bob (SSH), who went on, and Ben."""

    run: Path
    policy: Path
    ann: str
    bob: str
    ben: str

    def says(self, *verb: str, form: str = "") -> str:
        """Return what a verb prints of the run, or the page that it writes."""
        page = self.policy.with_name("page")
        more = ("--policy", self.policy, "--format", form, "-o", page) if form else ()
        done = recipe(*verb, self.run, *more)
        assert done.returncode == 0, done.stderr
        return page.read_text() if form else done.stdout


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HandedOver]:
    place = tmp_path_factory.mktemp("handed")
    (place / "r.md").write_text(TEXT)
    policy = place / "policy.toml"
    bob = make_ssh_key(place / "bob")
    authority = Authority.make(place / "tsa")
    bare(place / "audit.git")
    with ExitStack() as stack:
        ann, ben = (stack.enter_context(somebody(name)) for name in ("ann", "ben"))
        url = stack.enter_context(serving(lambda query: (200, authority.stamp(query))))
        ben.does("policy", place / "ben.toml", directory=place)
        (place / f"ben-{ben.key}.asc").rename(place / "ben.asc")
        assert ann.does("policy", policy, directory=place).returncode == 0
        with policy.open("a") as file:
            file.write(POLICY.format(approver=ben.key, ssh=bob.with_suffix(".pub").read_text().strip()))
        named = ("--yes", "--policy", policy, "--witness", f"tsa={url}")
        assert ann.does("run", "r.md", "--runs", "runs", *named, directory=place).returncode == 5
        run = only_run(place / "runs")
        early = ben.approves(max((run / "requests").iterdir()), place)
        goes_on = ("resume", run, *named, "--key", f"ssh:{bob}")
        refused = ann.does(*goes_on, "--approval", early, directory=place)
        assert (refused.returncode, "answers another request" in refused.stderr) == (5, True)
        shutil.copy(ben.approves(max((run / "requests").iterdir()), place), run / "approvals")
        done = ann.does(*goes_on, directory=place)
        assert done.returncode == 0, done.stderr
        signers = [record["signer"]["primary"] for record in records(run) if record.get("signer")]
        yield HandedOver(run, policy, ann.key, signers[-1], ben.key)


def test_an_approval_that_somebody_else_was_to_use_is_asked_for_anew(handed: HandedOver) -> None:
    """What Ben agreed that Ann does is not what Bob does: of two requests Bob's is answered, and the run is VALID."""
    told = [(r["t"], r["signer"]["primary"]) for r in records(handed.run) if r["t"] == "request"]
    assert told == [("request", handed.ann), ("request", handed.bob)]
    report = json.loads(recipe("verify", handed.run, "--policy", handed.policy, "--json").stdout)
    assert (report["verdict"], report["trusted_time"]) == ("VALID", "RFC 3161")
    assert report["signers"] == [handed.ann, handed.bob]
    assert [given["approver"] for given in report["approvals"]] == [handed.ben]


@pytest.mark.parametrize("form", ["html", "md"])
def test_a_report_says_what_vouches_for_what(handed: HandedOver, form: str) -> None:
    """Which key sealed which session, which witness saw how much of it and when, and whose key agreed to which step."""
    page = handed.says("report", form=form)
    words = " ".join(re.sub(r"<[^>]+>|\||\\", " " if form == "html" else "", page).split())
    count = len(records(handed.run))
    verdict, _, rest = words.partition("Sessions")
    assert "VALID" in verdict.partition("Witness")[0]
    starts = [r["n"] + 2 for r in records(handed.run) if r["t"] in {"genesis", "resume"}]
    for extent in (f"all {count} records", *(f"the first {n} of {count}" for n in starts)):
        assert verdict.count(extent) == 2, extent
    assert verdict.index(f"all {count} records") < verdict.index("the first 2 of")
    assert f"git at {handed.policy.parent / 'audit.git'}" in verdict
    assert re.search(f"publish approved {handed.ben} 20", verdict)
    for number, key in ((1, handed.ann), (2, handed.bob), (3, handed.bob)):
        assert re.search(rf"\b{number} 20[-0-9: ]+ \S+ on \S+ {re.escape(key)}", rest)
    assert "witnesses: none" not in words


def test_the_page_says_how_to_check_both_keys_by_hand(handed: HandedOver) -> None:
    """The shell verifier, called as the report says with keys from elsewhere, comes to the same verdict."""
    page = handed.says("report", form="md")
    (command,) = re.findall(r"^bash docs/verify-journal\.sh .*$", page, re.MULTILINE)
    place = handed.policy.parent
    ours = [place / "ben.asc", *place.glob(f"*{handed.ann}.asc")]
    (place / "KEYRING.gpg").write_bytes(b"".join(dearmor(c.read_bytes(), "PUBLIC KEY BLOCK") for c in ours))
    (place / "ALLOWED_SIGNERS").write_text(f"bob@x.example {(place / 'bob.pub').read_text()}")
    typed = [*command.replace("docs/", f"{ROOT}/docs/").split(), f"security={handed.ben}"]
    judged = subprocess.run(typed, cwd=place, capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stdout.split()[0]) == (0, "VALID"), judged.stdout


def test_a_timeline_says_when_the_key_changes(handed: HandedOver) -> None:
    """Once, behind the session that another key seals from its beginning."""
    said = handed.says("log", "show")
    assert said.count("signed from here on by") == 1
    assert re.search(rf"goes on, session 2\s+signed from here on by {re.escape(handed.bob)}", said)


def test_what_others_agreed_to_differs_from_run_to_run(handed: HandedOver, tmp_path: Path) -> None:
    """A run without the approval differs from the one with it by who agreed, and by who signed."""
    (tmp_path / "r.md").write_text(TEXT.replace(" approve=1 by=security", ""))
    assert recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path).returncode == 0
    said = recipe("log", "diff", only_run(tmp_path / "runs"), handed.run, environ={"COLUMNS": "200"}).stdout
    assert re.search(rf"approval +publish +– +approve {handed.ben}", said)
