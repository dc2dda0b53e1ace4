from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from recipe_runner.errors import ExitCode
from tests.recipe_runner.journal import forge
from tests.support.command import environment, only_run, recipe, records, started
from tests.support.terminal import Person

HELLO = '---\nrecipe: 1\nparams:\n  name: {type: str, default: x}\n---\n```bash {#one}\necho "hello $name"\n```\n'
QUIET = ("--yes", "--no-sign", "--runs", "runs")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "r.md").write_text(HELLO)
    return tmp_path


def shell(line: str, directory: Path, more: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `recipe` is this project's."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=directory,
        env=environment(more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_do_not_stop_a_run(place: Path, closing: str) -> None:
    """A run by a service that closes standard streams is recorded to its end, and no stream lands in the journal."""
    done = shell(f"recipe run r.md {' '.join(QUIET)} {closing}", place)
    assert done.returncode == 0, done.stderr
    assert records(only_run(place / "runs"))[-1]["t"] == "close"


def test_without_a_keyboard_nobody_is_asked(place: Path) -> None:
    """Standard input that is closed is no terminal: the run is refused before it begins."""
    done = shell("recipe run r.md --no-sign --runs runs <&-", place)
    assert (done.returncode, (place / "runs").exists()) == (2, False)
    assert "there is no terminal" in done.stderr


def test_a_full_screen_device_is_an_error_in_words(place: Path) -> None:
    """Standard output that cannot be written to gives the reason and exit code 1."""
    done = shell(f"recipe run r.md {' '.join(QUIET)} > /dev/full", place)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [{"recipe": {}}, {"recipe": {"path": 7, "sha256": "x"}}, {"includes": [{}]}, {"steps": [{}]}, {"steps": {}}],
)
def test_an_unsigned_run_that_names_no_recipe_does_not_go_on(place: Path, wrong: dict[str, object]) -> None:
    """Nobody vouches for the first record of an unsigned run: what it lacks is told, and is no bug of the runner."""
    (place / "r.md").write_text("```bash {#one}\nfalse\n```\n")
    recipe("run", "r.md", *QUIET, directory=place)
    run = only_run(place / "runs")
    forge.write(run, forge.chained(forge.first(**wrong)(forge.read(run))))
    done = recipe("resume", run, "--yes", directory=place)
    assert (done.returncode, "bug" in done.stderr) == (ExitCode.VERIFICATION, False)
    assert "first record" in done.stderr or "damaged at record 0" in done.stderr


@pytest.mark.parametrize("terminal", ["dumb", "", "no-such-terminal"])
def test_a_narrow_or_unknown_terminal_loses_no_words(place: Path, terminal: str) -> None:
    """In 20 columns, with a terminal type that means nothing, the dialogue works to its end."""
    arguments = ("run", "r.md", "--no-sign", "--runs", "runs")
    person = Person(*arguments, directory=place, environ={"TERM": terminal}, width=20)
    person.sees("› ")
    person.types("r")
    person.sees("hello x")
    assert person.leaves() == 0


def test_a_line_without_end_is_shown_and_kept_whole(place: Path) -> None:
    """Three megabytes without a line feed arrive on the screen and in the journal's blob."""
    (place / "r.md").write_text("```bash {#long}\nhead -c 3000000 /dev/zero | tr '\\0' x\n```\n")
    done = recipe("run", "r.md", *QUIET, directory=place)
    assert done.stdout.count("x") >= 3_000_000
    (end,) = (r for r in records(only_run(place / "runs")) if r["t"] == "step_end")
    assert end["blobs"]["stdout"]["size"] == 3_000_000


@pytest.mark.parametrize(
    "name", ["IFS", "PATH", "BASH_ENV", "UID", "_", "LD_PRELOAD", "PYTHONPATH", "RECIPE_OUTPUT", "each", "HOME"]
)
def test_a_parameter_cannot_take_the_place_of_something_special(place: Path, name: str) -> None:
    """A name that the shell, the loader or the runner gives a meaning to is a fault of the recipe."""
    (place / "r.md").write_text(
        f'---\nrecipe: 1\nparams:\n  {name}: {{type: str, default: x}}\n---\n```bash {{#one}}\necho "${name}"\n```\n'
    )
    assert recipe("run", "r.md", *QUIET, directory=place).returncode == 2
    assert not (place / "runs").exists()


@pytest.mark.parametrize("value", ["$(touch pwned)", "`touch pwned`", "'; touch pwned; '", "a\nb", "-n", "\\", "*"])
def test_a_value_is_never_code(place: Path, value: str) -> None:
    """What a parameter holds reaches the step letter by letter, and runs nothing."""
    (place / "r.md").write_text(HELLO.replace('echo "hello $name"', 'printf "%s" "$name" > said'))
    assert recipe("run", "r.md", *QUIET, "-p", f"name={value}", directory=place).returncode == 0
    assert (place / "said").read_text() == value
    assert not (place / "pwned").exists()


def test_without_bash_nothing_begins(place: Path) -> None:
    """A machine without bash is told so before there is a run."""
    (place / "bin").mkdir()
    done = recipe("run", "r.md", *QUIET, directory=place, environ={"PATH": str(place / "bin")})
    assert done.returncode == 3
    assert "`bash` is not installed" in done.stderr


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("kill -9 0", "was killed by SIGKILL"),
        ("kill -9 $$", "was killed by SIGKILL"),
        ("exec false", "ended with exit code 1"),
        ("exec 1>&- 2>&-; exit 9", "ended with exit code 9"),
        ("mkdir d; cd d; rmdir ../d; /nowhere", "ended with exit code 127"),
    ],
)
def test_a_step_that_ends_itself_badly_is_told_in_words(place: Path, code: str, words: str) -> None:
    """However a step dies, the runner lives, says how, and records it."""
    (place / "r.md").write_text(f"```bash {{#one}}\n{code}\n```\n")
    done = recipe("run", "r.md", *QUIET, directory=place)
    assert done.returncode == 1, done.stderr
    assert words in done.stdout
    assert [r["t"] for r in records(only_run(place / "runs"))][-2:] == ["step_end", "abort"]


def test_a_background_process_does_not_hold_the_run(place: Path) -> None:
    """A daemon that keeps standard output open does not make the step wait for it."""
    (place / "r.md").write_text("```bash {#one}\nsleep 30 &\necho $! > pid\n```\n```bash {#two}\ntrue\n```\n")
    began = time.monotonic()
    assert recipe("run", "r.md", *QUIET, directory=place).returncode == 0
    assert time.monotonic() - began < 20
    os.kill(int((place / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_a_run_to_resume(place: Path, number: signal.Signals) -> None:
    """Hang-up, termination and interrupt end the step, are recorded, and resume goes on."""
    (place / "r.md").write_text("```python {#one}\nimport os, time\nopen('started', 'w').close()\n"
                                "while not os.path.exists('go'):\n    time.sleep(0.05)\n```\n")  # fmt: skip
    with started(place, "--no-sign") as runner:
        runner.send_signal(number)
        assert runner.wait(60) == 130
    run = only_run(place / "runs")
    assert [r["t"] for r in records(run)][-2:] == ["step_end", "abort"]
    (place / "go").touch()
    assert recipe("resume", run, "--yes", directory=place).returncode == 0


def test_a_lost_recipe_is_named_and_found_again(place: Path) -> None:
    """Resume says which file is missing; `--recipe` names it in its new place."""
    (place / "r.md").write_text("```bash {#one}\n[ -e go ]\n```\n")
    assert recipe("run", "r.md", *QUIET, directory=place).returncode == 1
    run = only_run(place / "runs")
    (place / "r.md").rename(place / "moved.md")
    before = (run / "journal.jsonl").read_bytes()
    lost = recipe("resume", run, "--yes", directory=place)
    assert (lost.returncode, (run / "journal.jsonl").read_bytes()) == (2, before)
    assert str(place / "r.md") in lost.stderr
    (place / "go").touch()
    assert recipe("resume", run, "--yes", "--recipe", "moved.md", directory=place).returncode == 0


def test_a_lost_directory_stops_resume_and_can_be_mended(place: Path) -> None:
    """Where the steps' directory is gone nothing is run; once it is back, resume goes on in it."""
    (place / "r.md").write_text("```bash {#one}\nmkdir -p d\ncd d\n```\n```bash {#two}\n[ -e ../go ]\npwd\n```\n")
    assert recipe("run", "r.md", *QUIET, directory=place).returncode == 1
    run = only_run(place / "runs")
    shutil.rmtree(place / "d")
    (place / "go").touch()
    gone = recipe("resume", run, "--yes", directory=place)
    assert gone.returncode == 3
    assert f"the steps work in `{place / 'd'}`, which is not here" in gone.stderr
    (place / "d").mkdir()
    back = recipe("resume", run, "--yes", directory=place)
    assert back.returncode == 0
    assert str(place / "d") in back.stdout


@pytest.mark.parametrize("limit", ["-n 16", "-n 12"])
def test_too_few_descriptors_fail_the_step_in_words(place: Path, limit: str) -> None:
    """A machine short of descriptors gets a message and an exit code, never a traceback."""
    done = shell(f"ulimit {limit}; recipe run r.md {' '.join(QUIET)}", place)
    assert done.returncode in {1, 5}
    assert "Too many open files" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("steps", [["a", "b"], ["b"]])
def test_a_step_taken_out_of_the_recipe_does_not_stop_resume(place: Path, steps: Sequence[str]) -> None:
    """What is left of an edited recipe is run; the difference is on the screen."""
    (place / "r.md").write_text("```bash {#a}\ntrue\n```\n```bash {#b}\nfalse\n```\n")
    assert recipe("run", "r.md", *QUIET, directory=place).returncode == 1
    (place / "r.md").write_text("".join(f"```bash {{#{step}}}\ntrue\n```\n" for step in steps))
    done = recipe("resume", only_run(place / "runs"), "--yes", directory=place)
    assert done.returncode == 0, done.stderr
    assert "-false" in done.stdout
