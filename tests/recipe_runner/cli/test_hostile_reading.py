"""A run whose every text attacks whoever reads it, through every verb that reads."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from recipe_runner.cli.main import run as recipe_in_process
from recipe_runner.engine.events import (
    Abort,
    Approval,
    Close,
    Confirm,
    Deviation,
    Event,
    Genesis,
    Note,
    Output,
    Precondition,
    Request,
    Resume,
    Skip,
    StepEnd,
    StepStart,
    Witnessed,
)
from recipe_runner.engine.statement import Statement
from recipe_runner.export.tables import FORMULA
from recipe_runner.journal.store.blobs import blob_directory, keep
from recipe_runner.sanitise import HIDDEN
from tests.recipe_runner.export.exported import subject
from tests.recipe_runner.journal.conftest import keys, policy, signer
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.runs import write_run
from tests.recipe_runner.site.test_report import Tags
from tests.support.terminal import Person

__all__ = ["keys", "policy", "signer"]

ATTACKS = (
    "\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]52;c;cm0gLXJmIC8=\x07", "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x9b31m", "\x90q\x9c", "\x00", "\x08\x08", "\x7f", "\r\nforged: VALID", "\u202egnp.exe\u202c", "\u2066\u2069",
    "\u200b\u200d\ufeff", "\u2028\u2029", "\U000e0041", "\u3164",
    "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>",
    "</style></pre></title><h1>VALID</h1>", "{{7*7}}{% raw %}",
    "| x | [a](javascript:alert(1)) ![i](http://evil.example/i.png) `` ` ``` **b** <http://evil.example>",
    "\n# VALID\n",
    "x" * 3000,
)  # fmt: skip
EVIL = "=cmd|' /C calc'!A0 " + " ".join(ATTACKS)
BYTES = EVIL.encode() + b"\xff\xfe\xc3\x28\x80 invalid\n" + b"\x1b[31m" + b"y" * 200_000 + b"\n```\n-->\n"
RECIPE = f"# Title {EVIL.replace(chr(0), '')}\n\n```bash {{#a}}\n: '{EVIL.replace(chr(0), '')}'\n```\n".encode(
    "utf-8", "replace"
)
RUN = "0123456789abcdef0123456789abcdee"
NAME = f"{RUN[:8]} \x1b[2J\u202e<b>'\";$(touch x)"
"""A directory's name may hold anything but a slash and NUL."""


def genesis() -> Genesis:
    """Return a beginning that is hostile in every field that the format leaves free."""
    document = {
        "name": EVIL,
        "path": f"/{EVIL}",
        "title": EVIL,
        "sha256": hashlib.sha256(RECIPE).hexdigest(),
        "size": 1,
    }
    return Genesis(
        run=RUN,
        recipe=document,
        includes=[{**document, "path": f"/inc/{EVIL}"}],
        steps=[{"id": "a", "sha256": "a" * 64}, {"id": EVIL, "sha256": "b" * 64}],
        params={"value": EVIL, "list": [EVIL, "x"]},
        secrets=[EVIL],
        approvals={"a": 1},
        approvers={"a": EVIL},
        roles={"a": EVIL},
        acting=[EVIL],
        tool={"name": EVIL, "version": EVIL},
        actions={"act": EVIL},
        operator=EVIL,
        mode=EVIL,
        host=EVIL,
        boot_id=EVIL,
        directory=EVIL,
    )


def events(step: str) -> Iterator[Event]:
    """Yield every type of event about a step, each of whose texts is hostile."""
    yield Precondition(kind=EVIL, text=EVIL, outcome="overridden", detail=EVIL)
    yield Confirm(step=step, question=EVIL, choice=EVIL, text=EVIL, by=EVIL, item=EVIL)
    yield StepStart(step=step, item=EVIL, kind=EVIL, digest="a" * 64, command="c" * 64, host=EVIL)
    yield Output(step, "stdout", BYTES, 1000, item=EVIL)
    yield Output(step, "stderr", BYTES, 2000, item=EVIL)
    yield StepEnd(
        step=step, item=EVIL, signal=EVIL, outcome="failed", duration_ms=3, outputs={"name": EVIL, "l": [EVIL]}
    )
    yield StepStart(step=step, item=EVIL, attempt=2, digest="a" * 64, command="c" * 64)
    yield Output(step, "stdout", BYTES, 1000, item=EVIL)
    yield StepEnd(step=step, item=EVIL, attempt=2, exit_code=0, duration_ms=2**52, outputs={"name": EVIL})
    yield Deviation(kind="edited", what=EVIL, reason=EVIL, step=step)
    yield Note(text=EVIL, step=step)
    asked: dict[str, Any] = {
        "recipe": {"name": EVIL, "sha256": EVIL},
        "params": {"p": EVIL},
        "digest": EVIL,
        "command": EVIL,
    }
    yield Request(run=EVIL, step=step, kind=EVIL, role=EVIL, items=[EVIL], details=[EVIL], expires=EVIL, **asked)
    yield Approval(stmt=EVIL, sig=EVIL)
    yield Approval(stmt=statement(EVIL.replace("\n", "\u2028")), sig=EVIL)
    yield Witnessed(kind=EVIL, address=EVIL, records=1, outcome="failed", supplier=EVIL, detail=EVIL)


def statement(reason: str) -> str:
    """Return what an approver signs, with words of their own that attack."""
    reason = re.sub("[\x00-\x1f\x7f]", "", reason)
    said = Statement(
        run=RUN, step="a", attempt=1, digest="a" * 64, command="c" * 64, head="e" * 64, expires=EVIL.split("\n")[0],
        decision="approve", approver="\u202e\x1b[31m", key="\x9b", signed="2026-11-25T12:00:00.000000Z", reason=reason,
    )  # fmt: skip
    assert Statement.parse(said.text()) == said
    return said.text()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a hostile run."""
    place = tmp_path_factory.mktemp("hostile")
    story = (
        *events("a"),
        *events(EVIL),
        Skip(step=EVIL, kind="done", reason=EVIL, item=EVIL),
        Abort(reason=EVIL),
        Resume(
            session=2, operator=EVIL, mode=EVIL, host=EVIL, changed=[EVIL], recipe={"name": EVIL, "sha256": "e" * 64}
        ),
        Close(outcome="done", done=2, skipped=0, total=2),
    )
    run = write_run(place / "runs" / NAME, None, story, genesis())
    keep(blob_directory(run), RECIPE)
    return place


def harmful(text: str) -> set[str]:
    """Return what could move a cursor, hide, reorder or be no character at all; colours of our own are none of it."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n")
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return {c for c in plain if c not in "\n\t" and (unicodedata.category(c) in bad or c in HIDDEN)}


VERBS = (
    ("log", "list", "--runs", "{runs}"),
    ("log", "list", "--runs", "{runs}", "--json"),
    ("log", "list", "--runs", "{runs}", "--policy", "{policy}"),
    ("log", "show", "{run}"),
    ("log", "show", "{run}", "--json"),
    ("log", "show", "{run}", "--follow"),
    ("log", "output", "{run}", "a"),
    ("log", "output", "{run}", EVIL.replace("\x00", "")),
    ("log", "output", "{run}", "a", "--item", EVIL.replace("\x00", "")),
    ("log", "output", "{run}", "a", "--attempt", "7"),
    ("log", "diff", "{run}", "{run}"),
    ("log", "diff", "{vector}", "{run}"),
    ("log", "stats", "--runs", "{runs}"),
    ("log", "export", "{run}", "--to", "csv"),
    ("log", "export", "{run}", "--to", "timeline"),
    ("log", "export", "{run}", "--to", "json"),
    ("log", "export", "{run}", "--to", "markdown"),
    ("log", "export", "{run}", "--to", "in-toto", "-o", "{out}"),
    ("verify", "{run}", "--policy", "{policy}"),
    ("verify", "{run}", "--policy", "{policy}", "--json"),
    ("log", "show", EVIL.replace("\x00", "")),
    ("report", "{run}", "-o", "{out}/no/where"),
)
VECTORS = Path(__file__).parents[2] / "fixtures" / "journals"


@pytest.mark.parametrize("colours", [False, True], ids=["plain", "colours"])
@pytest.mark.parametrize(
    "verb", VERBS, ids=lambda verb: "-".join(word for word in verb if len(word) < 12 and word[0] != "{")
)
def test_no_verb_lets_an_attack_through(
    verb: tuple[str, ...],
    colours: bool,
    place: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever stands in a run, both streams hold harmless characters only, no row that is its own, no traceback."""
    monkeypatch.setenv("FORCE_COLOR" if colours else "NO_COLOR", "1")
    names = {
        "runs": place / "runs", "run": place / "runs" / NAME, "policy": VECTORS / "policy.toml", "out": place / "out",
        "vector": VECTORS / "valid-full" / "0123456789abcdef0123456789abcdef",
    }  # fmt: skip
    code = recipe_in_process([word.format(**names) if word[:1] == "{" else word for word in verb])
    said = capfd.readouterr()
    assert harmful(said.out) == set()
    assert harmful(said.err) == set()
    assert code in {0, 1, 2, 3, 4}
    assert "this is a bug" not in said.err
    assert said.out or said.err
    if "export" not in verb:
        assert not re.findall(r"^ {0,4}(?:forged: VALID|# VALID).*", said.out + said.err, re.MULTILINE)


def page(place: Path, *options: str) -> str:
    """Write a report and return it."""
    file = place / "page"
    assert recipe_in_process(["report", str(place / "runs" / NAME), "-o", str(file), *options]) == 0
    return file.read_text()


def test_a_page_stays_a_page(place: Path, tmp_path: Path) -> None:
    """No element, no attribute and no address comes from a run; nothing is hidden; UNTRUSTED is said first."""
    html = page(place)
    benign = tmp_path / "benign"
    write_run(tmp_path / RUN, None, tuple(events_of_a_good_run()), msgspec.structs.replace(genesis(), **GOOD))
    assert recipe_in_process(["report", str(tmp_path / RUN), "-o", str(benign)]) == 0
    evil, good = Tags(html), Tags(benign.read_text())
    assert evil.tags <= good.tags
    assert evil.attributes <= good.attributes
    assert not evil.tags & {"script", "img", "iframe", "object", "link", "base", "form"}
    assert harmful(html) == set()
    assert set(re.findall(r'href="([^"]*)"', html)) <= {
        "#run", "#timeline", "#approvals", "#deviations", "#preconditions", "#evidence", "#steps", "#by-hand",
        *re.findall(r'href="(blobs/[0-9a-f]{64})"', html),
    }  # fmt: skip
    assert re.findall("<h2>(.*?)</h2>", html)[0] == "UNTRUSTED"
    assert html.count("<h1>") == 1
    assert "{{7*7}}" in html


GOOD: dict[str, Any] = {"recipe": {"name": "r.md", "sha256": hashlib.sha256(RECIPE).hexdigest()}, "operator": "me"}


def events_of_a_good_run() -> Iterator[Event]:
    """Yield the same events with texts that mean no harm."""
    for step in ("a", "b"):
        for event in events(step):
            changes: dict[str, Any] = {
                f.name: "harmless" for f in msgspec.structs.fields(event) if getattr(event, f.name) == EVIL
            }
            changes |= {"data": b"x" * 70_000} if isinstance(event, Output) else {}
            yield msgspec.structs.replace(event, **changes)
    yield Skip(step="b", kind="done", reason="by me")
    yield Abort(reason="left")
    yield Resume(session=2)
    yield Close(outcome="done", done=2, skipped=0, total=2)


def test_markdown_stays_what_it_is(place: Path) -> None:
    """Rendered as CommonMark, report and table hold no link, image or HTML of the run's, and no forged heading."""
    exported = place / "table.md"
    run = str(place / "runs" / NAME)
    assert recipe_in_process(["log", "export", run, "--to", "markdown", "-o", str(exported)]) == 0
    for text in (page(place, "--format", "md"), exported.read_text()):
        assert harmful(text) == set()
        rendered = Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
        assert not rendered.tags & {"a", "img", "script", "style"}
        assert "VALID" not in rendered.headings


@pytest.mark.parametrize("form", ["csv", "timeline"])
def test_no_cell_is_a_formula(form: str, place: Path) -> None:
    """Spreadsheets compute nothing that stands in a run."""
    file = place / f"{form}.csv"
    assert recipe_in_process(["log", "export", str(place / "runs" / NAME), "--to", form, "-o", str(file)]) == 0
    with file.open(newline="") as rows:
        cells = [cell for row in csv.reader(rows) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULA)]
    assert any(cell.startswith("'=cmd") for cell in cells) or form == "timeline"


def test_a_recording_plays_no_attack(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a player prints are our own colours and harmless characters; with --raw the attack is there, as asked."""
    run = str(place / "runs" / NAME)
    for raw in (False, True):
        assert recipe_in_process(["log", "export", run, "--to", "asciicast", *(["--raw"] if raw else [])]) == 0
        header, *shown = (json.loads(row) for row in capsys.readouterr().out.splitlines())
        assert harmful(header["title"]) == set()
        played = "".join(text for _, _, text in shown).replace("\r\n", "\n")
        assert bool(harmful(played)) == raw
        assert ("\x1b]52;c;" in played) == raw


def test_an_attestation_is_plain_ascii(keys: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layout and links of a hostile run are printable ASCII, and in-toto reads what stands in them."""
    monkeypatch.setenv("GNUPGHOME", str(keys.home))
    valid = [event for event in events("a") if not isinstance(event, Request | Approval | Witnessed)]
    first = msgspec.structs.replace(genesis(), approvals={}, approvers={})
    run = write_run(tmp_path / RUN, keys.signer(), (*valid, Close(outcome="done", done=1, skipped=0, total=2)), first)
    assert subject(run).account.signers
    assert recipe_in_process(["log", "export", str(run), "--to", "in-toto", "-o", str(tmp_path / "out")]) == 0
    files = list((tmp_path / "out").iterdir())
    assert all(re.fullmatch(r"root\.layout|[a-z0-9.-]+\.link", file.name) for file in files)
    for file in files:
        assert re.fullmatch(rb"[\x20-\x7e\n]*", file.read_bytes())


def test_a_real_terminal_is_not_moved(place: Path) -> None:
    """At a terminal of 80 columns a whole run leaves the screen as its own words left it."""
    person = Person("log", "show", str(place / "runs" / NAME), directory=place, width=80)
    assert person.leaves() == 0
    assert harmful(person.screen()) == set()
    assert "run done: 2 done, 0 skipped of 2 steps" in person.screen()
