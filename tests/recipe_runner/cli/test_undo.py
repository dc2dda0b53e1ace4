from __future__ import annotations

from pathlib import Path

from tests.support.command import only_run, recipe, records

TEXT = "```bash {#one}\necho one >>log\n```\n```bash {.undo for=one}\necho undone >>log\n```\n"


def test_a_roll_back_that_was_left_is_not_resumed_forwards(tmp_path: Path) -> None:
    """Undoing a finished run is a run of its own; to resume it would do the steps again, so undo goes on instead."""
    (tmp_path / "r.md").write_text(TEXT)
    (tmp_path / "quit.yaml").write_text("one: quit\n")
    assert recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path).returncode == 0
    old = only_run(tmp_path / "runs")
    assert recipe("undo", old, "--answers", "quit.yaml", directory=tmp_path).returncode == 5
    (new,) = set((tmp_path / "runs").iterdir()) - {old}
    first = records(new)[0]
    assert first["undoes"] == old.name
    assert (new / "blobs" / first["recipe"]["sha256"]).read_text() == TEXT
    refused = recipe("resume", new, "--yes", directory=tmp_path)
    assert refused.returncode == 2
    assert f"recipe undo {old}" in refused.stderr.replace("\n", "")
    assert recipe("undo", old, "--yes", directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text() == "one\nundone\n"


def test_a_roll_back_left_half_way_never_goes_forward(tmp_path: Path) -> None:
    """`resume` refuses a run that is being rolled back, and `undo` goes on with it."""
    blocks = "".join(
        f"```bash {{#{n}}}\necho {n} >> log\n```\n```bash {{.undo for={n}}}\necho undo {n} >> log\n```\n" for n in "ab"
    )
    (tmp_path / "r.md").write_text(blocks + "```bash {#c}\nfalse\n```\n")
    recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    run = only_run(tmp_path / "runs")
    (tmp_path / "answers.yaml").write_text("b: run\na: quit\n")
    left = recipe("undo", run, "--answers", "answers.yaml", directory=tmp_path)
    assert left.returncode == 5
    assert "recipe undo" in left.stdout
    refused = recipe("resume", run, "--yes", directory=tmp_path)
    assert refused.returncode == 2
    assert "recipe undo" in refused.stderr
    assert recipe("undo", run, "--yes", directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text().split("\n")[:-1] == ["a", "b", "undo b", "undo a"]
