from __future__ import annotations

from pathlib import Path

from tests.support.command import only_run, recipe, records
from tests.support.keyring import keyring, make_key
from tests.support.repository import bare

TEXT = "```bash {#one}\necho one >>log\n```\n```bash {.undo for=one}\necho undone >>log\n```\n"
BOTH = "".join(
    f"```bash {{#{n}}}\necho {n} >> log\n```\n```bash {{.undo for={n}}}\necho undo {n} >> log\n```\n" for n in "ab"
)


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
    assert f"recipe undo {new}" in refused.stderr.replace("\n", "")
    assert recipe("undo", new, "--yes", directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text() == "one\nundone\n"
    rows = recipe("log", "list", "--runs", "runs", directory=tmp_path).stdout.splitlines()
    assert [row.endswith(f", rolls back {old.name[:12]}") for row in rows] == [False, True, False]


def test_a_roll_back_of_a_finished_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """What is undone is never undone again: the same journal goes on, and when all is undone there is nothing to do."""
    (tmp_path / "r.md").write_text(BOTH)
    (tmp_path / "answers.yaml").write_text("b: run\na: quit\n")
    recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    old = only_run(tmp_path / "runs")
    left = recipe("undo", old, "--answers", "answers.yaml", directory=tmp_path)
    assert left.returncode == 5
    (new,) = set((tmp_path / "runs").iterdir()) - {old}
    assert f"recipe undo {new}" in left.stdout.replace("\n", "")
    assert recipe("undo", old, "--yes", directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text().split("\n")[:-1] == ["a", "b", "undo b", "undo a"]
    assert set((tmp_path / "runs").iterdir()) == {old, new}
    assert [r["session"] for r in records(new) if r["t"] == "resume"] == [2]
    over = recipe("undo", old, "--yes", directory=tmp_path)
    assert over.returncode == 2
    assert "can be undone any more" in over.stderr


def test_what_was_skipped_in_a_closed_roll_back_is_asked_for_again(tmp_path: Path) -> None:
    """A roll-back that skipped an undo and closed leaves that one, and only that one, to a new roll-back."""
    (tmp_path / "r.md").write_text(BOTH)
    (tmp_path / "answers.yaml").write_text("b: {skip: not now}\na: run\n")
    recipe("run", "r.md", "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    old = only_run(tmp_path / "runs")
    assert recipe("undo", old, "--answers", "answers.yaml", directory=tmp_path).returncode == 0
    assert recipe("undo", old, "--yes", directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text().split("\n")[:-1] == ["a", "b", "undo a", "undo b"]
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_a_roll_back_left_half_way_never_goes_forward(tmp_path: Path) -> None:
    """`resume` refuses a run that is being rolled back, and `undo` goes on with it."""
    (tmp_path / "r.md").write_text(BOTH + "```bash {#c}\nfalse\n```\n")
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


def test_a_policy_demands_of_a_roll_back_what_it_demands_of_a_run(tmp_path: Path) -> None:
    """Key, roles, parameters and witnesses must be the policy's; else nothing is undone, and nothing written."""
    (tmp_path / "r.md").write_text(BOTH.replace("{#b}", "{#b role=boss}"))
    bare(tmp_path / "audit.git")
    policy, runs = tmp_path / "policy.toml", tmp_path / "runs"
    with keyring() as home:
        ann, ben = (make_key(home, name) for name in ("ann", "ben"))
        recipe("policy", policy, "--key", ann)
        with policy.open("a") as file:
            file.write('roles = ["boss"]\n\n[[witnesses]]\nkind = "git"\naddress = "audit.git"\n')
            file.write('required = ["genesis", "close"]\n')
        named = ("--runs", "runs", "--key", ann, "--role", "boss", "--policy", policy)
        assert recipe("run", "r.md", "--yes", *named, directory=tmp_path).returncode == 0
        run = only_run(runs)

        def undone(*more: str) -> tuple[int, str]:
            done = recipe("undo", run, "--yes", "--policy", policy, *more, directory=tmp_path)
            return done.returncode, done.stderr

        for more, why in (
            (("--key", ben, "--role", "boss"), "the policy does not allow key"),
            (("--role", "boss", "--role", "clerk"), "the policy does not give"),
        ):
            code, said = undone(*more)
            assert (code, why in said) == (3, True), said
        (tmp_path / "audit.git").rename(tmp_path / "gone.git")
        code, said = undone("--role", "boss")
        assert (code, (tmp_path / "log").read_text()) == (3, "a\nb\n")
        assert "the policy demands that `git` vouches for the genesis" in said
        assert "recipe undo " in said
        (tmp_path / "gone.git").rename(tmp_path / "audit.git")
        assert undone("--role", "boss")[0] == 0
        assert (tmp_path / "log").read_text().split("\n")[:-1] == ["a", "b", "undo b", "undo a"]
        for directory in runs.iterdir():
            assert recipe("verify", directory, "--policy", policy).returncode == 0
