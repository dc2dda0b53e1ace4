from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import only_run, recipe
from tests.support.keyring import keyring, make_key

TEXT = """
```bash {#one}
kept=1
echo one >> log
```

```bash {.undo for=one}
sed -i '/one/d' log
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


@pytest.fixture(scope="module")
def key() -> Iterator[str]:
    with keyring() as home:
        yield make_key(home, "manager")


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
    here.rename(tmp_path / "elsewhere")
    before = (there / run.name / "journal.jsonl").read_bytes()
    for verb in ("resume", "undo"):
        homeless = recipe(verb, there / run.name, "--yes", "--recipe", "recipe.md", directory=there)
        assert (homeless.returncode, f"the steps work in `{here}`, which is not here" in homeless.stderr) == (3, True)
    assert (there / run.name / "journal.jsonl").read_bytes() == before
    (tmp_path / "elsewhere").rename(here)
    done = recipe("resume", there / run.name, "--yes", "--recipe", "recipe.md", directory=there)
    assert done.returncode == 0, done.stderr
    assert (here / "log").read_text() == "one\ntwo 1\nthree 1\n"
