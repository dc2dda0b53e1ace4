from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_runner.claims import claimed
from tests.support.command import RECIPE, only_run, recipe, records, started
from tests.support.keyring import keyring, make_key

HELLO = Path(__file__).parents[3] / "examples" / "hello.md"


@pytest.fixture
def key() -> Iterator[str]:
    with keyring() as home:
        yield make_key(home, "manager")


def test_a_signed_run_verifies_and_one_changed_byte_is_refused(tmp_path: Path, key: str) -> None:
    """The journal of `recipe run` is VALID under `recipe policy`, and INVALID when a byte of it changes."""
    done = recipe("run", HELLO, "--yes", "--runs", tmp_path / "runs", "--key", key)
    assert done.returncode == 0, done.stderr
    run, policy = only_run(tmp_path / "runs"), tmp_path / "policy.toml"
    assert recipe("policy", policy, "--key", key).returncode == 0
    good = recipe("verify", run, "--policy", policy)
    assert (good.returncode, good.stdout.split()[0]) == (0, "VALID")
    journal = run / "journal.jsonl"
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 1
    journal.write_bytes(data)
    bad = recipe("verify", run, "--policy", policy)
    assert (bad.returncode, bad.stdout.split()[0]) == (1, "INVALID")


def test_kill_9_in_a_step_then_resume(tmp_path: Path, key: str) -> None:
    """The finished step is not repeated, the decision about the interrupted one is recorded, all ends VALID."""
    text = (
        "```bash {#one}\nkept=yes\necho one >> log\n```\n"
        f"```bash {{#two}}\n[ -e {tmp_path}/go ] || {{ touch {tmp_path}/started; exec sleep 300; }}\n"
        "echo two $kept >> log\n```\n"
        "```bash {#three}\necho three >> log\n```\n"
    )
    (tmp_path / "r.md").write_text(text)
    with started(tmp_path, "--key", key) as runner:
        runner.kill()
        runner.wait()
    run = only_run(tmp_path / "runs")
    (tmp_path / "go").touch()
    done = recipe("resume", run, "--yes", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  steps +3, 1 of them finished$", done.stdout, re.MULTILINE)
    (decision,) = [r for r in records(run) if r["t"] == "confirm"]
    assert "unknown" in decision["question"]
    assert (tmp_path / "log").read_text() == "one\ntwo yes\nthree\n"
    recipe("policy", tmp_path / "policy.toml", "--key", key)
    assert recipe("verify", run, "--policy", tmp_path / "policy.toml").returncode == 0
    assert recipe("resume", run, "--yes", directory=tmp_path).returncode == 2


def test_a_second_runner_is_refused(tmp_path: Path) -> None:
    """Two sessions never write one journal; the refused one has a documented exit code and changes nothing."""
    (tmp_path / "r.md").write_text("```bash {#one}\ntouch started; exec sleep 300\n```\n")
    with started(tmp_path, "--no-sign") as runner:
        run = only_run(tmp_path / "runs")
        before = (run / "journal.jsonl").read_bytes()
        second = recipe("resume", run, "--yes", directory=tmp_path)
        assert second.returncode == 3
        assert str(runner.pid) in second.stderr
        assert (run / "journal.jsonl").read_bytes() == before
        os.kill(runner.pid, signal.SIGTERM)
        assert runner.wait(60) == 130
    assert records(run)[-1]["t"] == "abort"


def test_termination_stops_the_step_and_leaves_a_run_to_resume(tmp_path: Path) -> None:
    """SIGTERM ends the step's whole group; nothing is left running and the journal says so."""
    (tmp_path / "r.md").write_text("```bash {#one}\nsleep 300 & echo $! > child\ntouch started; wait\n```\n")
    with started(tmp_path, "--no-sign") as runner:
        runner.terminate()
        assert runner.wait(60) == 130
    child = Path(f"/proc/{int((tmp_path / 'child').read_text())}/stat")
    deadline = time.monotonic() + 10
    while child.exists() and child.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "missing.md", "--yes", "--no-sign"], 2, "missing.md"),
        (["run", "bad.md", "--yes", "--no-sign"], 2, "bad.md:1:10"),
        (["run", "good.md", "--no-sign"], 2, "there is no terminal"),
        (["run", "good.md", "--yes", "--key", "A" * 40], 3, "A" * 40),
        (["run", "good.md", "--yes", "--no-sign", "-p", "nam=x"], 2, "did you mean `name`"),
        (["run", "good.md", "--yes", "--no-sign", "-p", "name"], 2, "is not followed by `=`"),
        (["run", "good.md", "--yes", "--no-sign", "--answers", "a.yaml"], 2, "exclude each other"),
        (["run", "needy.md", "--yes", "--no-sign"], 3, "no-such-tool"),
        (["run", "failing.md", "--yes", "--no-sign"], 1, ""),
        (["run", "good.md", "--answers", "missing.yaml", "--no-sign"], 2, "missing.yaml"),
        (["resume", "nowhere", "--yes"], 2, "nowhere"),
        (["check", "bad.md", "good.md"], 2, "write `#one`"),
    ],
)
def test_bad_input_gets_one_clear_error_and_its_exit_code(
    tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    """Every kind of wrong input ends with its documented exit code, its cause in words, and no traceback."""
    (tmp_path / "good.md").write_text(
        "---\nrecipe: 1\nparams:\n  name: {type: str, default: x}\n---\n```bash {#one}\necho $name\n```\n"
    )
    (tmp_path / "bad.md").write_text("```bash {#One}\ntrue\n```\n")
    (tmp_path / "needy.md").write_text(
        "---\nrecipe: 1\nrequires:\n  - command: no-such-tool\n---\n```bash {#one}\ntrue\n```\n"
    )
    (tmp_path / "failing.md").write_text("```bash {#one}\nexit 7\n```\n")
    (tmp_path / "a.yaml").write_text("one: run\n")
    if arguments[0] == "run":
        arguments = [*arguments, "--runs", "runs"]
    with keyring():
        done = recipe(*arguments, directory=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("verb", ["run", "resume", "undo"])
def test_what_is_missing_and_who_is_missing_are_told_together(tmp_path: Path, verb: str) -> None:
    """Without a terminal, a recipe or run that is not there is told of in the same go as that nobody can be asked."""
    done = recipe(verb, "nowhere", "--accept", "one", directory=tmp_path)
    assert done.returncode == 2
    for words in ("`nowhere`", "--accept is for --yes only", "there is no terminal"):
        assert words in done.stderr


def test_the_commands_at_the_end_can_be_pasted(tmp_path: Path) -> None:
    """A directory with a blank in its name is quoted as a shell wants it."""
    (tmp_path / "r.md").write_text("```bash {#one}\nfalse\n```\n")
    done = recipe("run", "r.md", "--yes", "--no-sign", "--runs", "my runs", directory=tmp_path)
    (onward,) = (row for row in done.stdout.splitlines() if row.startswith("  go on"))
    run = only_run(tmp_path / "my runs")
    assert shlex.split(onward)[2:] == ["recipe", "resume", f"my runs/{run.name}"]


def test_a_full_disk_stops_before_the_step_and_loses_nothing(tmp_path: Path) -> None:
    """With no room for the journal the step does not start, and what was recorded can be read."""
    (tmp_path / "r.md").write_text(
        f"```bash {{#one}}\nhead -c 3000000 /dev/zero\n```\n```bash {{#two}}\ntouch {tmp_path}/two\n```\n"
    )
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], check=False)
    if mounted.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        done = recipe("run", "r.md", "--yes", "--no-sign", "--runs", small, directory=tmp_path)
        assert done.returncode == 5
        assert "No space left on device" in done.stderr
        assert records(only_run(small))[-1]["t"] == "abort"
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert not (tmp_path / "two").exists()


def test_json_is_one_event_a_line(tmp_path: Path) -> None:
    """Another program reads the whole session from standard output, output and end included."""
    done = recipe("run", HELLO, "--yes", "--no-sign", "--json", "--runs", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["t"] for e in events][:2] == ["session", "genesis"]
    assert {"precondition", "step_start", "step_end", "output", "close"} <= {e["t"] for e in events}
    assert events[-1]["exit_code"] == 0
    assert next(e["text"] for e in events if e["t"] == "output") == "Hello, world!\n"
    assert recipe("run", HELLO, "--no-sign", "--json", "--runs", tmp_path / "runs").returncode == 2


def test_a_dry_run_runs_nothing_and_writes_nothing(tmp_path: Path) -> None:
    """It shows commands, values and what is not known yet, looks at preconditions, and needs no key, no terminal."""
    (tmp_path / "r.md").write_text(
        "---\nrecipe: 1\nparams:\n  name: {type: str, default: x}\nrequires:\n  - command: bash\n---\n"
        '```bash {#one}\ntouch ran\nlater=1\necho "a=$name" >> "$RECIPE_OUTPUT"\n```\n'
        '```bash {#two when="!name"}\ntrue\n```\n'
        '```bash {#three .irreversible role=rm timeout=5m on=host-${name} retries=2}\necho "$one_a $later"\n```\n'
        "```bash {.check for=three}\ntest -e ready\n```\n"
    )
    done = recipe("run", "r.md", "--dry-run", "-p", "name=x", "--runs", "runs", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("touch ran", "with name = x", "not applicable: when !name", "POINT OF NO RETURN"):
        assert words in done.stdout
    assert "for the role rm, on host-x, at most 5m, after a failure up to 2 times more" in done.stdout
    assert "check, which decides whether the step may begin:\n  test -e ready" in done.stdout
    assert "known only when earlier steps have run: one_a, later" in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.md"]
    (tmp_path / "needy.md").write_text(
        "---\nrecipe: 1\nrequires:\n  - command: no-such-tool\n---\n```bash {#one}\ntrue\n```\n"
    )
    assert recipe("run", "needy.md", "--dry-run", directory=tmp_path).returncode == 3
    done = recipe("run", "needy.md", "--dry-run", "--json", directory=tmp_path)
    unmet, step, end = (json.loads(line) for line in done.stdout.splitlines())
    assert (unmet["t"], unmet["outcome"], done.returncode) == ("precondition", "unmet", 3)
    assert step == {"t": "planned", "step": "one", "kind": "block", "applicable": True, "known": ["true"]}
    assert end == {"t": "end", "exit_code": 3, "reason": "nothing was run"}


def test_parts_of_a_recipe_and_the_rest_by_resume(tmp_path: Path) -> None:
    """`--until` stops behind a step and leaves a run that resume finishes."""
    (tmp_path / "r.md").write_text("".join(f"```bash {{#{n}}}\necho {n} >> log\n```\n" for n in "abc"))
    done = recipe("run", "r.md", "--yes", "--no-sign", "--until", "b", "--runs", "runs", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text().split() == ["a", "b"]
    assert recipe("resume", only_run(tmp_path / "runs"), "--yes", directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text().split() == ["a", "b", "c"]
    wrong = recipe("run", "r.md", "--yes", "--no-sign", "--from", "z", "--runs", "runs", directory=tmp_path)
    assert wrong.returncode == 2


def test_undo_of_an_open_and_of_a_finished_run(tmp_path: Path, key: str) -> None:
    """An open run is rolled back in its own journal; a finished one in a new run that names it."""
    (tmp_path / "r.md").write_text(
        "```bash {#a}\necho a >> log\n```\n```bash {.undo for=a}\necho undone >> log\n```\n```bash {#b}\ntrue\n```\n"
    )
    recipe("run", "r.md", "--yes", "--until", "a", "--runs", "one", "--key", key, directory=tmp_path)
    assert recipe("undo", only_run(tmp_path / "one"), "--yes", directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text().split() == ["a", "undone"]
    assert records(only_run(tmp_path / "one"))[-2]["t"] == "close"
    recipe("run", "r.md", "--yes", "--runs", "two", "--key", key, directory=tmp_path)
    finished = only_run(tmp_path / "two")
    before = (finished / "journal.jsonl").read_bytes()
    done = recipe("undo", finished, "--yes", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (finished / "journal.jsonl").read_bytes() == before
    (undoing,) = set((tmp_path / "two").iterdir()) - {finished}
    assert records(undoing)[0]["undoes"] == finished.name
    recipe("policy", "policy.toml", "--key", key, directory=tmp_path)
    assert recipe("verify", undoing, "--policy", "policy.toml", directory=tmp_path).returncode == 0


def test_resume_shows_what_changed_in_the_recipe(tmp_path: Path) -> None:
    """The difference of every changed step is shown, and a finished one that changed needs a decision."""
    text = "```bash {#a}\necho first\n```\n```bash {#b}\nexit 1\n```\n"
    (tmp_path / "r.md").write_text(text)
    assert recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path).returncode == 1
    (tmp_path / "r.md").write_text(text.replace("echo first", "echo 1st").replace("exit 1", "exit 0"))
    run = only_run(tmp_path / "runs")
    refused = recipe("resume", run, "--yes", directory=tmp_path)
    assert refused.returncode == 5
    assert "-echo first" in refused.stdout
    assert "+echo 1st" in refused.stdout
    assert "its text has changed" in refused.stderr
    (tmp_path / "answers.yaml").write_text("a: {done: cosmetic}\nb: run\n")
    done = recipe("resume", run, "--answers", "answers.yaml", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "kept as done though its text changed" in done.stdout


def test_a_changed_include_is_shown_and_a_decision_about_it_holds(tmp_path: Path) -> None:
    """What an included recipe says otherwise is shown, its role scripts too, wherever both have been moved since; a
    decision about a changed step is on record and not asked for again.
    """
    (tmp_path / "old").mkdir()
    (tmp_path / "old/r.md").write_text('[common](common.md "include")\n```bash {#b}\nexit 1\n```\n')
    text = "# Common\n```bash {#a}\necho first\n```\n```bash {.verify for=a}\ntrue\n```\n"
    (tmp_path / "old/common.md").write_text(text)
    assert recipe("run", "old/r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path).returncode == 1
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "new/common.md").write_text(text.replace("true", "true # really").replace("Common", "Uncommon"))
    run = only_run(tmp_path / "runs")
    (tmp_path / "answers.yaml").write_text("a: {done: cosmetic}\nb: quit\n")
    arguments = ("resume", run, "--recipe", "new/r.md", "--answers", "answers.yaml")
    first = recipe(*arguments, directory=tmp_path)
    assert first.returncode == 5
    for row in ("--- common.md then", "+++ common.md now", "-# Common", "+# Uncommon", "-true", "+true # really"):
        assert row in first.stdout
    resume = next(r for r in records(run) if r["t"] == "resume")
    assert resume["changed"] == ["a"]
    assert (run / "blobs" / resume["includes"][0]["sha256"]).read_text().startswith("# Uncommon")
    assert next(r for r in records(run) if r["t"] == "deviation")["kind"] == "kept"
    (tmp_path / "answers.yaml").write_text("b: quit\n")
    assert recipe(*arguments, directory=tmp_path).returncode == 5


def test_a_step_for_a_role_waits_for_somebody_who_has_it(tmp_path: Path) -> None:
    """Without the role the session stops in front of the step, forwards and backwards; the journal says who acted."""
    (tmp_path / "r.md").write_text(
        "```bash {#a role=release-manager}\necho a >> log\n```\n```bash {.undo for=a}\necho undone >> log\n```\n"
    )
    left = recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    assert left.returncode == 5
    assert "step `a` is for the role `release-manager`" in left.stderr
    assert not (tmp_path / "log").exists()
    run = only_run(tmp_path / "runs")
    assert recipe("resume", run, "--yes", "--role", "builder", directory=tmp_path).returncode == 5
    assert recipe("resume", run, "--yes", "--role", "release-manager", directory=tmp_path).returncode == 0
    said = [(r["roles"], r["acting"]) for r in records(run) if r["t"] in {"genesis", "resume"}]
    assert said == [({"a": "release-manager"}, acting) for acting in ([], ["builder"], ["release-manager"])]
    assert recipe("undo", run, "--yes", directory=tmp_path).returncode == 5
    assert recipe("undo", run, "--yes", "--role", "release-manager", directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text().split() == ["a", "undone"]


def test_what_a_killed_run_left_in_the_temporary_folder_is_swept(tmp_path: Path) -> None:
    """A run removes its own scratch files and those of runs that died, and leaves a living run's alone."""
    mark = f"recipe-run-{os.getuid()}-"
    (dead := tmp_path / f"{mark}dead").mkdir()
    (dead / "output-1").write_text("left behind")
    with claimed(tmp_path, mark) as living:
        done = recipe(
            "run", HELLO, "--yes", "--no-sign", "--runs", tmp_path / "runs", environ={"TMPDIR": str(tmp_path)}
        )
        assert done.returncode == 0, done.stderr
        assert [path for path in tmp_path.iterdir() if path.name.startswith(mark)] == [living]


def test_a_document_without_steps_is_not_a_run_that_succeeded(tmp_path: Path) -> None:
    """Whoever names the wrong file learns that nothing in it can run, and no journal is made."""
    (tmp_path / "notes.md").write_text("# Notes\n\n```bash\ntrue\n```\n")
    done = recipe("run", "notes.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    assert done.returncode == 2
    assert "`notes.md` has nothing to run" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_run_whose_reader_goes_away_stops_as_at_a_hang_up(tmp_path: Path) -> None:
    """`recipe run … | head`: an `abort` is on record, nothing is said, and the run can be resumed."""
    (tmp_path / "r.md").write_text(
        "```bash {#one}\necho here; until [ -e gone ]; do :; done; echo more\n```\n```bash {#two}\ntrue\n```\n"
    )
    argv = [str(RECIPE), "run", "r.md", "--yes", "--no-sign", "--runs", "runs"]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        while b"here" not in process.stdout.readline():
            pass
        process.stdout.close()
        (tmp_path / "gone").touch()
        assert process.stderr.read() == b""
    assert process.returncode == 130
    run = only_run(tmp_path / "runs")
    assert records(run)[-1]["t"] == "abort"
    assert recipe("resume", run, "--yes", directory=tmp_path).returncode == 0
