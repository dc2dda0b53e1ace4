from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.language.checks.shellcheck import check_shellcheck, find_shellcheck
from recipe_runner.language.checks.shellcode import check_shell
from recipe_runner.language.model import Block
from recipe_runner.language.parse import parse

RECIPE = b"""\
1. Clean:

   ```bash {#clean}
   export TREE=/srv
   \trm -r ./x/`date +%F`
   ```

```bash {#use}
echo "$TREE $serial"
cd "$TREE"
```

```bash {#broken}
if
```
"""


@pytest.fixture(scope="module")
def program() -> str:
    found = find_shellcheck()
    assert found, "shellcheck is part of the set-up of the tests"
    return found


def test_findings_stand_at_the_recipes_characters(program: str) -> None:
    """A finding is shown where it is in the recipe, behind indentation and tabs; variables of other blocks are none."""
    faults = check_shell(parse("x.md", RECIPE), shellcheck=program)
    assert [(f.code, f.span.line if f.span else 0) for f in faults] == [("R073", 5), ("R072", 14)]
    [finding, _] = faults
    assert finding.span is not None
    start = finding.span.column - 1
    assert finding.span.text[start : start + finding.span.length] == "`date +%F`"
    assert finding.message.startswith("shellcheck SC2046: quote this")
    assert finding.hint == "see https://www.shellcheck.net/wiki/SC2046"


def test_without_shellcheck_only_bash_speaks() -> None:
    """Shellcheck is an extra."""
    assert [f.code for f in check_shell(parse("x.md", RECIPE))] == ["R072"]


def test_a_program_that_does_not_answer_is_no_fault_of_the_recipe(tmp_path: Path) -> None:
    """A shellcheck that is missing or prints something else yields nothing."""
    scripts = [step.script for step in parse("x.md", RECIPE).steps if isinstance(step, Block)]
    assert list(check_shellcheck(scripts, str(tmp_path / "none"))) == []
    assert list(check_shellcheck(scripts, "/bin/echo")) == []


def test_no_scripts_need_no_process(tmp_path: Path) -> None:
    """A recipe without shell code starts nothing."""
    assert list(check_shellcheck([], str(tmp_path / "none"))) == []
