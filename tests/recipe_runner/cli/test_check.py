from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.command import recipe

GOOD = "```bash {#one}\necho one\n```\n"
BAD = "# Title\n\n```bash {#One}\necho one\n```\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "good.md").write_text(GOOD)
    (tmp_path / "bad.md").write_text(BAD)
    return tmp_path


def test_sound_recipes_end_with_0(place: Path) -> None:
    """However often a file is named, it is checked once."""
    done = recipe("check", "good.md", "good.md", directory=place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 recipe checked, no faults\n", "")


def test_a_fault_is_shown_at_its_place(place: Path) -> None:
    """Text form: place, code, the line, a caret run over the exact characters, what to type, how many."""
    done = recipe("check", "bad.md", directory=place)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[0].startswith("bad.md:3:10: error[R041]: ")
    assert lines[1] == "  3 │ ```bash {#One}"
    assert lines[2] == "    │          ^^^^"
    assert lines[3] == "  hint: write `#one`"
    assert lines[4:] == ["", "1 recipe checked, 1 fault"]


def test_faults_of_all_files_are_reported(place: Path) -> None:
    """One unreadable or faulty file does not hide the faults of the others."""
    done = recipe("check", "--format", "json", "missing.md", "good.md", "bad.md", ".", directory=place)
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert {(fault["path"], fault["line"], fault["column"]) for fault in found} == {
        (".", 1, 1),
        ("bad.md", 3, 10),
        ("missing.md", 1, 1),
    }
    assert {"code", "message", "path", "line", "column", "hint"} <= set(found[0])


def test_json_of_sound_recipes_is_an_empty_list(place: Path) -> None:
    """A program gets a list in every case."""
    done = recipe("check", "--format", "json", "good.md", directory=place)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_bash_finds_syntax_errors_before_anything_runs(tmp_path: Path) -> None:
    """`check` and `run` both refuse what `bash -n` refuses, at its line; nothing is executed."""
    (tmp_path / "r.md").write_text("```bash {#one}\ntouch here\n```\n\n```bash {#two}\nif true; then\n```\n")
    checked = recipe("check", "--format", "json", "r.md", directory=tmp_path)
    assert [(fault["code"], fault["line"]) for fault in json.loads(checked.stdout)] == [("R072", 6)]
    ran = recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    assert ran.returncode == 2
    assert "R072" in ran.stderr
    assert not (tmp_path / "here").exists()
    assert not (tmp_path / "runs").exists()


def test_an_unknown_action_is_compared_with_all_there_are(tmp_path: Path) -> None:
    """The hint names the nearest action, not only among those that the recipe uses."""
    (tmp_path / "r.md").write_text("```yaml {#one action=http.chek}\nurl: https://example.org/\n```\n")
    for verb in (["check"], ["run", "--yes", "--no-sign"]):
        done = recipe(*verb, "r.md", directory=tmp_path)
        assert done.returncode == 2
        assert "did you mean `http.check`?" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_warns_in_check_and_does_not_stop_a_run(tmp_path: Path) -> None:
    """A warning is a fault for the author, not for the operator."""
    (tmp_path / "r.md").write_text('```bash {#one}\nfor name in $(ls); do echo "$name"; done\ncd /tmp\n```\n')
    checked = recipe("check", "--format", "json", "r.md", directory=tmp_path)
    assert {fault["code"] for fault in json.loads(checked.stdout)} == {"R073"}
    assert recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path).returncode == 0


def test_includes_from_elsewhere_need_leave(tmp_path: Path) -> None:
    """A link out of the recipe's directory is a fault, until that directory is named with `--includes`."""
    shared, own = tmp_path / "shared", tmp_path / "own"
    for directory in (shared, own):
        directory.mkdir()
    (shared / "steps.md").write_text("```bash {#shared}\necho from elsewhere\n```\n")
    (own / "r.md").write_text('[the shared steps](../shared/steps.md "include")\n')
    refused = recipe("check", "r.md", directory=own)
    assert refused.returncode == 2
    assert "--includes" in refused.stderr
    assert recipe("check", "r.md", "--includes", "../shared", directory=own).returncode == 0
    assert recipe("check", "r.md", "--includes", tmp_path / "nowhere", directory=own).returncode == 2
    done = recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", "--includes", "../shared", directory=own)
    assert done.returncode == 0, done.stderr
    assert "from elsewhere" in done.stdout
