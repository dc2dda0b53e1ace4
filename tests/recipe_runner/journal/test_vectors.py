"""The test vectors: both verifiers, ours and the auditor's in shell, give every one of them its verdict."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import pytest
from msgspec import structs

from recipe_runner.engine.events import TYPES
from recipe_runner.gpgv import dearmor
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.identity import kind_of
from recipe_runner.journal.records.schema import ADDED
from recipe_runner.journal.signers.signature import is_ssh_key
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from tests.recipe_runner.journal.runs import RUN

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "fixtures" / "journals"
SHELL = ROOT / "docs" / "verify-journal.sh"
LISTED: dict[str, dict[str, str]] = json.loads((VECTORS / "verdicts.json").read_text())


def policy_file(name: str) -> Path:
    """Return the policy for a vector."""
    key = LISTED[name]["key"]
    return VECTORS / ("policy.toml" if key == "auditor" else f"{key}.toml")


def by_shell(run: Path, policy: Path, work: Path, environ: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Judge a run by the shell verifier, with more in the environment; return exit code and output."""
    trusted = Policy.load(policy)
    first = min(trusted.primaries)
    ssh = b"".join(b"me@x.example " + key + b"\n" for key in trusted.certificates if is_ssh_key(key))
    openpgp = b"".join(dearmor(c, "PUBLIC KEY BLOCK") for c in trusted.certificates if not is_ssh_key(c))
    here, there = (ssh, openpgp) if kind_of(first) == "ssh" else (openpgp, ssh)
    keys, others = work / "keys", work / "others"
    keys.write_bytes(here)
    others.write_bytes(there)
    more: list[str | Path] = ["--keys", others] if there else []
    for who, roles in trusted.roles.items():
        for person in [f"{role}={who}" for role in sorted(roles)] or [who]:
            more += ["--signer", person] if who in trusted.primaries else []
            more += [person] if who in trusted.approvers else []
    done = subprocess.run(
        [SHELL, run, keys, first, *more],
        env={**os.environ, **(environ or {})},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    return done.returncode, done.stdout.decode("ascii")


@pytest.mark.parametrize("name", LISTED)
def test_every_vector_gets_its_verdict(name: str) -> None:
    """`recipe verify` gives each journal the verdict that is written down for it."""
    report = verify(VECTORS / name / RUN, Policy.load(policy_file(name)))
    assert report.verdict.value == LISTED[name]["verdict"], report
    assert report.facts.trusted_time == LISTED[name].get("time", report.facts.trusted_time)
    assert bool(report.reasons) == (report.verdict is not Verdict.VALID)


@pytest.mark.parametrize("name", LISTED)
def test_the_shell_verifier_agrees_on_every_vector(name: str, tmp_path: Path) -> None:
    """The auditor's script ends with the exit code of the same verdict, and prints only printable text."""
    time = LISTED[name].get("time")
    authority = {"TSA_CA": str(VECTORS / f"{LISTED[name]['key']}-ca.pem")} if time else {}
    code, said = by_shell(VECTORS / name / RUN, policy_file(name), tmp_path, authority)
    verdict = Verdict(LISTED[name]["verdict"])
    assert (code, said.split(" ")[0]) == (verdict.exit_code, verdict.value), said
    assert all(row.isprintable() for row in said.splitlines())
    assert ("existed at" in said) == (time == "RFC 3161")


def test_only_good_signatures_are_somebodys() -> None:
    """Without a good signature nobody sealed or approved anything; a reason says whose key."""
    stranger = verify(VECTORS / "other-key" / RUN, Policy.load(policy_file("other-key")))
    (reason,) = stranger.reasons
    assert (stranger.facts.signers, stranger.facts.signing_keys) == ((), ())
    assert re.search("no given certificate holds the signing key, which says that it is [0-9A-F]{40}$", reason)
    pretended = verify(VECTORS / "gate-in-his-name" / RUN, Policy.load(policy_file("gate-in-his-name")))
    assert [given.record for given in pretended.facts.approvals] == [4]


def test_every_directory_is_listed() -> None:
    """There is no vector without a verdict and no verdict without a vector."""
    assert {path.parent.name for path in VECTORS.glob(f"*/{RUN}")} == set(LISTED)


def test_all_verdicts_are_there() -> None:
    """The vectors cover each of the four verdicts."""
    assert {vector["verdict"] for vector in LISTED.values()} == {verdict.value for verdict in Verdict}


def form_of(hint: Any) -> str | list[str]:
    """Return how the script names the form of a field's value; choices are listed."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind is Literal:
        return [str(choice) for choice in inner]
    if kind is UnionType:
        return f"{form_of(next(one for one in inner if one is not NoneType))} or null"
    if kind is list:
        return f"list of {form_of(inner[0])}"
    if kind is dict:
        return "object" if inner[1] is Any else f"object of {form_of(inner[1])}"
    return {str: "string", int: "number", bool: "boolean"}[hint]


def forms_of(kind: type[Any]) -> dict[str, Any]:
    """Return the forms of a type's fields by name; names of those that may be left out end with a question mark."""
    forms: dict[str, Any] = dict.fromkeys(ADDED.get(kind, ()), "any")
    return forms | {f"{f.name}{'' if f.required else '?'}": form_of(f.type) for f in structs.fields(kind)}


def test_the_shell_verifier_knows_the_fields_of_every_type() -> None:
    """The table of fields in the script, with the form of each, is the one that the schema has."""
    written = re.search(r"^fields='(\{.*?\})'$", SHELL.read_text(), re.MULTILINE | re.DOTALL)
    assert written
    table: dict[str, dict[str, Any]] = json.loads(written[1])
    assert table.pop("seal") == {"sig": "any", "stmt": "any"}
    assert table == {name: forms_of(kind) for name, kind in TYPES.items()}


@pytest.mark.parametrize("place", range(0, 340, 20))
def test_the_shell_verifier_guards_the_last_seal(place: int, tmp_path: Path) -> None:
    """Characters changed in the last line, which nothing after it protects, are found by the script too."""
    run = tmp_path / RUN
    raw = bytearray((VECTORS / "valid" / RUN / "journal.jsonl").read_bytes())
    start = raw.rindex(b'"sig":"') + 7
    raw[start + place] ^= 1
    run.mkdir()
    (run / "journal.jsonl").write_bytes(raw)
    (run / "blobs").symlink_to(VECTORS / "valid" / RUN / "blobs")
    code, said = by_shell(run, VECTORS / "policy.toml", tmp_path)
    assert code == Verdict.INVALID.exit_code, said


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run", "keyring"],
        ["/nowhere", "{keyring}", "A" * 40],
        ["{run}", "/nowhere", "A" * 40],
        ["{run}", "{keyring}", "A" * 16],
    ],
)
def test_wrong_usage_of_the_shell_verifier_gives_no_verdict(arguments: list[str], tmp_path: Path) -> None:
    """Missing arguments, files or a short fingerprint end with 4 and a message on standard error."""
    keyring = tmp_path / "keyring.gpg"
    keyring.write_bytes(b"")
    filled = [text.format(run=VECTORS / "valid" / RUN, keyring=keyring) for text in arguments]
    done = subprocess.run([SHELL, *filled], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (4, b"")
    assert done.stderr.startswith(b"verify-journal: ")
