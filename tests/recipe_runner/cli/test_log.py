from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from tests.recipe_runner.journal.runs import RUN
from tests.support.command import RECIPE, environment, only_run, recipe
from tests.support.keyring import keyring, make_key

VECTORS = Path(__file__).parents[2] / "fixtures" / "journals"
TEXT = r"""
# Greet

```bash {#greet}
printf '\033[31mhello\033[0m\n'
```

```bash {#wait}
until test -e go; do sleep 0.05; done
```
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a recipe whole, unsigned."""
    place = tmp_path_factory.mktemp("log")
    (place / "greet.md").write_text(TEXT)
    (place / "go").touch()
    assert recipe("run", "greet.md", "--yes", "--no-sign", "--runs", "runs", directory=place).returncode == 0
    return only_run(place / "runs")


def test_runs_are_listed(run: Path) -> None:
    """The table and the JSON name the run, its state and how far it went."""
    assert " ".join(recipe("log", "list", "--runs", run.parent).stdout.splitlines()[1].split()).startswith(
        f"{run.name[:12]} done UNTRUSTED unsigned 2/2 "
    )
    (listed,) = json.loads(recipe("log", "list", "--runs", run.parent, "--json").stdout)
    assert (listed["run"], listed["state"], listed["signed"]) == (run.name, "done", False)
    assert listed["verdict"] == "UNTRUSTED"


def test_a_policy_adds_the_verdict() -> None:
    """With a policy each run has its verdict, and a run that cannot be read is a warning."""
    done = recipe("log", "list", "--runs", VECTORS / "edited", "--policy", VECTORS / "policy.toml")
    assert (done.returncode, "INVALID" in done.stdout) == (0, True)
    empty = recipe("log", "list", "--runs", VECTORS / "empty")
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "warning: " in empty.stderr


def test_without_a_policy_nothing_is_vouched_for() -> None:
    """A signed run is `unverified`; an unsigned one is UNTRUSTED, with a policy or without."""
    assert " unverified " in recipe("log", "list", "--runs", VECTORS / "valid").stdout
    for policy in ((), ("--policy", VECTORS / "policy.toml")):
        assert " UNTRUSTED unsigned " in recipe("log", "list", "--runs", VECTORS / "unsigned", *policy).stdout
    shown = recipe("log", "show", VECTORS / "unsigned" / RUN).stdout
    assert "signed by   nobody: an unsigned run is UNTRUSTED" in shown


def test_a_run_is_shown_by_the_beginning_of_its_id(run: Path) -> None:
    """The timeline says in words what happened; JSON has every record, seals too."""
    shown = recipe("log", "show", run.parent / run.name[:14])
    assert "✓ greet done" in shown.stdout
    assert "run done: 2 done, 0 skipped of 2 steps" in shown.stdout
    first = json.loads(recipe("log", "show", run, "--json").stdout.splitlines()[0])
    assert (first["n"], first["t"], first["run"]) == (0, "genesis", run.name)


def test_every_verb_takes_the_beginning_of_an_id(run: Path) -> None:
    """So do those that judge a run and go on with it, not only those that show it."""
    short = run.parent / run.name[:14]
    assert f"run `{run.name}` is over (done)" in recipe("resume", short, "--yes").stderr
    assert "can be undone" in recipe("undo", short, "--yes").stderr
    judged = recipe("verify", short, "--policy", VECTORS / "policy.toml")
    assert (judged.returncode, judged.stdout.split()[0]) == (3, "UNTRUSTED")


def test_a_live_run_is_followed(tmp_path: Path) -> None:
    """From another process the records come while the run goes on, and following ends with the run."""
    (tmp_path / "greet.md").write_text(TEXT)
    argv = [str(RECIPE), "run", "greet.md", "--yes", "--no-sign", "--runs", "runs"]
    with subprocess.Popen(argv, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL) as runner:
        while not list(tmp_path.glob("runs/[0-9a-f]*/journal.jsonl")):
            time.sleep(0.02)
        directory = only_run(tmp_path / "runs")
        follower = subprocess.Popen(
            [str(RECIPE), "log", "show", str(directory), "--follow"],
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
        )
        with follower:
            assert follower.stdout is not None
            assert any("wait begins" in row for row in follower.stdout)
            (listed,) = json.loads(recipe("log", "list", "--runs", tmp_path / "runs", "--json").stdout)
            assert listed["state"] == "running"
            (tmp_path / "go").touch()
            assert "run done" in follower.stdout.read()
        assert runner.wait() == follower.returncode == 0


def test_output_is_safe_unless_raw(run: Path) -> None:
    """Escape sequences are taken out; with --raw the very bytes come."""
    said = recipe("log", "output", run, "greet").stdout
    assert re.fullmatch(r"== greet  ok · \d+ ms\n  \| hello\n", said.replace("0.", "0").replace(" s", " ms"))
    assert recipe("log", "output", run, "greet", "--raw").stdout == "\x1b[31mhello\x1b[0m\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["output", "{run}", "gret"], "did you mean `greet`?"),
        (["output", "{run}", "greet", "--attempt", "7"], "has no attempt 7"),
        (["output", "{run}", "greet", "--item", "x"], "has no item `x`"),
        (["show", "nothing-like-it"], "neither the directory of a run"),
        (["show", "/nowhere/at/all"], "neither the directory of a run"),
        (["list", "--runs", "/nowhere/at/all"], "`/nowhere/at/all` is not a directory"),
    ],
)
def test_what_is_not_there_is_said(run: Path, arguments: list[str], said: str) -> None:
    """A wrong run, step, item or attempt is a usage error with a hint."""
    done = recipe("log", *(text.format(run=run) for text in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "hint: " in done.stderr


def test_a_damaged_journal_is_no_traceback() -> None:
    """Every test vector is shown, or refused with a diagnostic."""
    for name in ("empty", "torn", "rule-missing-field", "rule-unknown-field", "form-deep"):
        done = recipe("log", "show", VECTORS / name / RUN)
        assert "Traceback" not in done.stderr
        assert done.returncode in {0, 2, 4}


@pytest.mark.parametrize("options", [(), ("--json",), ("--follow",)])
def test_a_journal_without_a_beginning_is_told(tmp_path: Path, options: tuple[str, ...]) -> None:
    """A run that was cut off in its first record is not said to go on."""
    (tmp_path / "journal.jsonl").write_text('{"half')
    done = recipe("log", "show", tmp_path, *options)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == "error: the journal has no beginning\n  hint: see what `recipe verify` says\n"


def test_a_run_is_exported(run: Path, tmp_path: Path) -> None:
    """The code that ran stands in each form, which goes to a file where one is named."""
    rows = json.loads(recipe("log", "export", run, "--to", "json").stdout)["evidence"]
    assert [(row["step"], row["succeeded"]) for row in rows] == [("greet", "yes"), ("wait", "yes")]
    assert "hello" in rows[0]["command"]
    assert recipe("log", "export", run, "--to", "markdown", "-o", tmp_path / "table.md").stdout == ""
    assert (tmp_path / "table.md").read_text().startswith("| Step | Command |")
    assert "\\u001b[31mhello" not in recipe("log", "export", run, "--to", "asciicast").stdout
    assert "\\u001b[31mhello" in recipe("log", "export", run, "--to", "asciicast", "--raw").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--to", "csv", "--raw"], 2, "--raw belongs to `asciicast` only"),
        (["--to", "csv", "--key", "AB"], 2, "--key belongs to `in-toto` only"),
        (["--to", "in-toto"], 2, "name it: -o DIR"),
        (["--to", "in-toto", "-o", "out"], 4, "the run is unsigned: nobody can attest it"),
    ],
)
def test_an_export_that_makes_no_sense_is_refused(
    run: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    """Options of other forms, in-toto without a directory and for an unsigned run are errors; nothing is written."""
    done = recipe("log", "export", run, *arguments, directory=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_signed_run_is_attested(tmp_path: Path) -> None:
    """The command that the verb prints is in-toto's, and passes; a second export does not overwrite the first."""
    (tmp_path / "hello.md").write_text("```bash {#greet}\necho hello\n```\n")
    with keyring() as home:
        make_key(home, "ada")
        made = recipe("run", "hello.md", "--yes", "--runs", "runs", directory=tmp_path)
        assert made.returncode == 0, made.stderr
        export = ("log", "export", only_run(tmp_path / "runs"), "--to", "in-toto", "-o", "out")
        done = recipe(*export, directory=tmp_path)
        assert done.returncode == 0, done.stderr
        assert subprocess.run(shlex.split(done.stdout), cwd=tmp_path, env=environment(), check=False).returncode == 0
        again = recipe(*export, directory=tmp_path)
        assert again.returncode == 2
        assert "is there already" in again.stderr


def test_a_report_shows_the_code_and_its_output(run: Path, tmp_path: Path) -> None:
    """The page has the kept code and what it wrote; the file is written whole."""
    for form in ("html", "md"):
        page = tmp_path / f"report.{form}"
        done = recipe("report", run, "-o", page, "--format", form)
        assert (done.returncode, done.stdout) == (0, f"{page}\n")
        assert "until test -e go" in page.read_text()
        assert "hello" in page.read_text()
    assert recipe("report", run, "-o", tmp_path / "no" / "where.html").returncode == 1


def test_two_runs_are_compared(run: Path, tmp_path: Path) -> None:
    """A changed step shows in the table and in the diff of the recipes; a run does not differ from itself."""
    (tmp_path / "greet.md").write_text(TEXT.replace("hello", "goodbye"))
    (tmp_path / "go").touch()
    assert recipe("run", "greet.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path).returncode == 0
    shown = recipe("log", "diff", run, only_run(tmp_path / "runs")).stdout
    assert "text of step" in shown
    assert "+printf '\\033[31mgoodbye" in shown
    assert recipe("log", "diff", run, run).stdout == "The runs do not differ.\n"


def test_steps_are_counted_over_runs(run: Path) -> None:
    """Each step has a row with how often it ran; without runs nothing is printed."""
    rows = [row.split()[:4] for row in recipe("log", "stats", "--runs", run.parent).stdout.splitlines()]
    assert ["greet", "1", "1", "0"] in rows
    assert recipe("log", "stats", "--runs", run / "none").stdout == ""
