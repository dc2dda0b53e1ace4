from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recipe_runner.engine.events import Close, Resume, StepEnd, StepStart
from recipe_runner.errors import UnmetError, VerificationError
from recipe_runner.export.in_toto import LAYOUT, attest
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from tests.fixtures.journals.approvals import People, Story
from tests.recipe_runner.export.exported import DONE, subject
from tests.recipe_runner.journal.keyring import Keyring, keyring
from tests.recipe_runner.journal.runs import RUN, genesis, write_run

STOCK = {"PyPI's": Path(sys.executable).with_name("in-toto-verify"), "Debian's": Path("/usr/bin/in-toto-verify")}


def verified(program: Path, export: Path, keys: Keyring, signer: GpgSigner) -> subprocess.CompletedProcess[str]:
    """Ask a stock in-toto-verify."""
    argv: list[str | Path] = [
        program,
        "--layout",
        export / LAYOUT,
        "--link-dir",
        export,
        "--gpg",
        signer.primary,
        "--gpg-home",
        keys.home,
    ]
    return subprocess.run(argv, cwd=export, capture_output=True, text=True, check=False)


def written(run: Path, signer: GpgSigner, place: Path) -> Path:
    """Write an export to a directory."""
    place.mkdir(exist_ok=True)
    for name, data in attest(subject(run), signer).files.items():
        (place / name).write_bytes(data)
    return place


@pytest.fixture(scope="module")
def export(signer: GpgSigner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a run that is done."""
    place = tmp_path_factory.mktemp("export")
    return written(write_run(place / RUN, signer, DONE), signer, place / "out")


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Make a change inside the signed part of a file of metadata."""

    def apply(path: Path) -> None:
        whole = json.loads(path.read_text())
        change(whole["signed"])
        path.write_text(json.dumps(whole))

    return apply


def link(export: Path, name: str) -> Path:
    """Return the link of a step."""
    (found,) = export.glob(f"{name}.[0-9a-f]*.link")
    return found


@pytest.mark.parametrize("program", STOCK.values(), ids=STOCK)
def test_stock_verifiers_accept_a_run(program: Path, export: Path, keys: Keyring, signer: GpgSigner) -> None:
    """Layout and links of a run that is done pass in-toto's own verification."""
    done = verified(program, export, keys, signer)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", STOCK.values(), ids=STOCK)
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("a", edited(lambda signed: signed["products"].clear())),
        ("a", edited(lambda signed: signed["materials"].update({"steps/a": {"sha256": "0" * 64}}))),
        ("b", edited(lambda signed: signed["byproducts"].update(reason="nobody rang"))),
        ("run.close", edited(lambda signed: signed["products"]["journal.jsonl"].update(sha256="0" * 64))),
        ("run.begin", Path.unlink),
        ("a", lambda path: path.write_bytes(link(path.parent, "b").read_bytes())),
        (LAYOUT, edited(lambda signed: signed["steps"].pop())),
        (LAYOUT, edited(lambda signed: signed.update(readme="all is well"))),
        (LAYOUT, edited(lambda signed: signed["steps"][1].update(threshold=0))),
    ],
    ids=["products", "materials", "by-hand", "journal", "link-gone", "link-of-another", "step", "readme", "threshold"],
)
def test_stock_verifiers_refuse_what_was_changed(
    program: Path,
    name: str,
    damage: Callable[[Path], None],
    export: Path,
    keys: Keyring,
    signer: GpgSigner,
    tmp_path: Path,
) -> None:
    """Whatever is changed, taken away or put in another's place makes verification fail."""
    for file in export.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    damage(tmp_path / name if name == LAYOUT else link(tmp_path, name))
    done = verified(program, tmp_path, keys, signer)
    assert done.returncode != 0


def test_a_link_says_what_the_journal_says(export: Path, signer: GpgSigner) -> None:
    """Sums of outputs, named sums, exit code, and the journal's own sum stand in the links."""
    a = json.loads(link(export, "a").read_text())["signed"]
    assert a["products"]["a/image"] == {"sha256": "d" * 64}
    assert set(a["products"]) == {"a/stdout", "a/image"}
    assert a["byproducts"] == {"return-value": 0, "outputs": {"image": "d" * 64, "name": "karmic"}}
    close = json.loads(link(export, "run.close").read_text())["signed"]
    journal = export.parent / RUN / "journal.jsonl"
    summed = subprocess.run(["sha256sum", journal], capture_output=True, text=True, check=True).stdout.split()[0]
    assert close["products"] == {"journal.jsonl": {"sha256": summed}}
    assert link(export, "a").name == f"a.{signer.signing[:8].lower()}.link"


def test_a_run_that_failed_does_not_pass(keys: Keyring, signer: GpgSigner, tmp_path: Path) -> None:
    """A step that is not done is demanded, and has no link."""
    events = (
        StepStart(step="a", command="c" * 64, digest="a" * 64),
        StepEnd(step="a", outcome="failed", exit_code=1, duration_ms=3),
        Close(outcome="failed", done=0, skipped=0, total=2),
    )
    place = written(write_run(tmp_path / RUN, signer, events), signer, tmp_path / "out")
    assert not list(place.glob("a.*"))
    for program in STOCK.values():
        done = verified(program, place, keys, signer)
        assert done.returncode == 1
        assert re.search(r"at least (one|1)|requires", done.stderr + done.stdout)


def test_nobody_signs_what_is_not_proven(keys: Keyring, signer: GpgSigner, tmp_path: Path) -> None:
    """A changed, an unfinished, an unsigned run, and a run of somebody else are not attested."""
    changed = write_run(tmp_path / "changed", signer, DONE)
    end = subject(changed).account.executions[0].end
    assert end is not None
    (changed / "blobs" / end.blobs["stdout"]["sha256"]).write_bytes(b"hallo\n")
    with pytest.raises(VerificationError, match="the run is INVALID"):
        attest(subject(changed), signer)
    with pytest.raises(VerificationError, match="the run is INCOMPLETE"):
        attest(subject(write_run(tmp_path / "open", signer, DONE[:-1])), signer)
    with pytest.raises(VerificationError, match="unsigned"):
        attest(subject(write_run(tmp_path / "unsigned", None, DONE)), signer)
    other = keys.signer(keys.make("Other <other@x.example>"))
    with pytest.raises(VerificationError, match="has no part in this run"):
        attest(subject(write_run(tmp_path / "mine", signer, DONE)), other)


@pytest.mark.parametrize("algorithm", ["ed25519", "rsa2048"])
def test_a_run_sealed_by_a_subkey(keys: Keyring, algorithm: str, tmp_path: Path) -> None:
    """Where in-toto does not know the subkey, the primary key signs; where that cannot, it is said."""
    primary = keys.make(f"Sub <sub-{algorithm}@x.example>", algorithm=algorithm)
    keys.gpg("--passphrase", "", "--quick-add-key", primary, algorithm, "sign", "never")
    signer = keys.signer(primary)
    assert signer.signing != signer.primary
    place = written(write_run(tmp_path / RUN, signer, DONE), signer, tmp_path / "out")
    for program in STOCK.values():
        assert verified(program, place, keys, signer).returncode == 0
    assert link(place, "a").name.startswith(f"a.{(primary if algorithm == 'ed25519' else signer.signing)[:8].lower()}")


def test_a_missing_package_is_said(signer: GpgSigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error names it."""
    monkeypatch.setitem(sys.modules, "in_toto.models.metadata", None)
    with pytest.raises(UnmetError) as caught:
        attest(subject(write_run(tmp_path / RUN, signer, DONE)), signer)
    assert caught.value.diagnostics[0].hint == "pip install 'recipe-runner[attest]'"


@pytest.fixture(scope="module")
def approved(keys: Keyring, signer: GpgSigner, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keyring]:
    """Write a run whose step Bob and Carol approved, each with a key of their own; Bob's is not in our ring."""
    place = tmp_path_factory.mktemp("approved")
    with keyring() as theirs:
        bob, carol = (theirs.signer(theirs.make(f"{name} <{name}@x.example>")) for name in ("bob", "carol"))
        keys.gpg("--import", given=theirs.certificate(carol.primary))
        first = genesis(approvals={"a": 2}, approvers={"a": "security"}, steps=[{"id": "a", "sha256": "a" * 64}])
        run = place / RUN
        with Journal.create(run, first, signer) as journal:
            story = Story(People(keys, signer, signer, bob, carol, bob, bob, bob), journal, run)
            story.ask(expires="2020-01-01T00:00:00.000000Z")
            story.ask(expires="2099-01-01T00:00:00.000000Z")
            story.answer(bob, certificate=True)
            story.answer(carol)
            story.carry_out()
            journal.record(Close(outcome="done", done=1, skipped=0, total=1))
        out = written(run, signer, place / "out")
        theirs.gpg("--import", given=keys.certificate(signer.primary))
        for who in (bob, carol):
            (place / f"approve.a.{who.signing[:8].lower()}.link").write_bytes(
                attest(subject(run), who).files[f"approve.a.{who.signing[:8].lower()}.link"]
            )
            assert len(attest(subject(run), who).files) == 1
    return out, keys


@pytest.mark.parametrize("program", STOCK.values(), ids=STOCK)
def test_an_approval_is_a_step_with_its_own_key(
    program: Path, approved: tuple[Path, Keyring], signer: GpgSigner, tmp_path: Path
) -> None:
    """The run passes once both approvers have signed their own links, and not with one of them."""
    out, keys = approved
    links = sorted(out.parent.glob("approve.a.*.link"))
    for file in out.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert not list(out.glob("approve.*"))
    for count, passes in ((0, False), (1, False), (2, True)):
        for file in links[:count]:
            (tmp_path / file.name).write_bytes(file.read_bytes())
        assert (verified(program, tmp_path, keys, signer).returncode == 0) is passes
    edited(lambda signed: signed["materials"].update({"steps/a": {"sha256": "0" * 64}}))(tmp_path / links[0].name)
    assert verified(program, tmp_path, keys, signer).returncode != 0


def test_what_is_still_to_be_signed_is_said(approved: tuple[Path, Keyring], signer: GpgSigner) -> None:
    """The operator learns which links are missing, and whose keys can make them."""
    out, _ = approved
    ((name, people),) = attest(subject(out.parent / RUN), signer).wanting
    assert name == "approve.a"
    assert len(people) == 2
    assert signer.primary not in people


@pytest.mark.parametrize("program", STOCK.values(), ids=STOCK)
def test_a_run_that_was_handed_over_is_attested_by_both(
    program: Path, keys: Keyring, signer: GpgSigner, tmp_path: Path
) -> None:
    """Who closed it signs the layout, each the links of their own sessions; without either's the run does not pass."""
    other = keys.signer(keys.make("Other <other@x.example>"))
    with Journal.create(tmp_path / RUN, genesis(), signer) as journal:
        for event in DONE[:3]:
            journal.record(event)
    with Journal.reopen(tmp_path / RUN, lambda _: other) as journal:
        journal.record(Resume(session=2))
        for event in DONE[3:]:
            journal.record(event)
    out = written(tmp_path / RUN, other, tmp_path / "out")
    assert verified(program, out, keys, other).returncode != 0
    written(tmp_path / RUN, signer, out)
    passed = verified(program, out, keys, other)
    assert passed.returncode == 0, passed.stderr
    signed = {name: link(out, name).name.split(".")[-2] for name in ("a", "b", "run.close")}
    ends = {who: who.signing[:8].lower() for who in (signer, other)}
    assert signed == {"a": ends[signer], "b": ends[other], "run.close": ends[other]}
    link(out, "a").unlink()
    assert verified(program, out, keys, other).returncode != 0


def test_a_step_cannot_choose_where_its_link_goes(signer: GpgSigner, tmp_path: Path) -> None:
    """An id that would leave the directory is refused before anything is signed."""
    step = "../../escaped"
    events = (StepStart(step=step, digest="a" * 64), StepEnd(step=step), DONE[-1])
    run = write_run(tmp_path / RUN, signer, events, genesis(steps=[{"id": step, "sha256": "a" * 64}]))
    with pytest.raises(VerificationError, match="no file is named so"):
        attest(subject(run), signer)
