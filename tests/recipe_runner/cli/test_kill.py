from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import environment, only_run, recipe, records
from tests.support.keyring import keyring, make_key

TEXT = """
```bash {#one}
kept=1
echo one >> log
```

```bash {.check for=two}
test -e log
```

```bash {#two}
echo "two $kept" >> log
```

```bash {.verify for=two}
grep --quiet two log
```

- [ ] Look around {#look}

```bash {#three}
echo "three $kept" >> log
```
"""
DRIVER = """
import os, signal, sys
from recipe_runner.journal.writer import Writer
write, left = Writer.write, [int(sys.argv[1])]

def killing(self, lines):
    left[0] -= 1
    if left[0] == 0 and sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, lines)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

Writer.write = killing
from recipe_runner.cli.main import run
sys.exit(run(sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def key() -> Iterator[str]:
    with keyring() as home:
        yield make_key(home, "manager")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_kill_9_at_every_write_then_resume_by_yes(tmp_path: Path, key: str, moment: str) -> None:
    """Whichever write was the last, `resume --yes` ends the run VALID; no recorded end is repeated or missed."""
    recipe("policy", tmp_path / "policy.toml", "--key", key)
    count = 1
    while True:
        directory = tmp_path / str(count)
        directory.mkdir()
        (directory / "r.md").write_text(TEXT)
        arguments = [str(count), moment, "run", "r.md", "--yes", "--runs", "runs", "--key", key]
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, *arguments],
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        runs = directory / "runs"
        begun = [path for path in runs.iterdir() if not path.name.startswith(".")] if runs.exists() else []
        if begun:
            ended = [r["step"] for r in records(begun[0]) if r["t"] == "step_end" and r["role"] == "run"]
            over = records(begun[0])[-2]["t"] == "close"
            resumed = recipe("resume", begun[0], "--yes", directory=directory)
            assert resumed.returncode == (2 if over else 0), resumed.stderr
            assert recipe("verify", begun[0], "--policy", tmp_path / "policy.toml").returncode == 0
            log = (directory / "log").read_text().split("\n")[:-1]
            assert list(dict.fromkeys(log)) == ["one", "two 1", "three 1"]
            for step in ended:
                assert sum(line.startswith(step) for line in log) == 1
        count += 1
    assert count > 10


def test_a_run_goes_on_where_its_directory_was_copied_to(tmp_path: Path, key: str) -> None:
    """The run directory is all a resume needs besides the recipe: state included, on another machine or path."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / "r.md").write_text(TEXT)
    recipe("run", "r.md", "--yes", "--until", "one", "--runs", "runs", "--key", key, directory=here)
    run = only_run(here / "runs")
    there.mkdir()
    shutil.copytree(run, there / run.name)
    (there / "recipe.md").write_text((here / "r.md").read_text())
    shutil.rmtree(here / "runs")
    (here / "r.md").unlink()
    lost = recipe("resume", there / run.name, "--yes", directory=there)
    assert lost.returncode == 2
    assert "r.md" in lost.stderr
    done = recipe("resume", there / run.name, "--yes", "--recipe", "recipe.md", directory=there)
    assert done.returncode == 0, done.stderr
    assert (here / "log").read_text() == "one\ntwo 1\nthree 1\n"
