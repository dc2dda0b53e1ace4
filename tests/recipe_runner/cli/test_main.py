from __future__ import annotations

import subprocess
import sys

import pytest

from recipe_runner.cli import VERBS
from tests.support.command import recipe

HEAVY = ("pydantic", "rich", "markdown_it", "yaml", "boto3", "botocore", "gnupg")
LOADED = """
import sys
sys.argv = ["recipe", *sys.argv[1:]]
from recipe_runner.cli import main
try:
    main()
finally:
    sys.stderr.write("\\n".join(sys.modules))
"""


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_starting_up_imports_nothing_heavy(option: str) -> None:
    """What a shell's completion or a curious person asks for must be there at once."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, option], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.splitlines()}
    assert "recipe_runner" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_help_lists_every_verb() -> None:
    """Our own verbs and those that plug in, one line each."""
    done = recipe("--help")
    assert done.returncode == 0
    for verb in (*VERBS, "image", "cloud"):
        assert f"\n  {verb} " in done.stdout


def test_a_misspelt_verb_is_compared_with_those_there_are() -> None:
    """Exit code 2 and the nearest verb."""
    done = recipe("chekc", "r.md")
    assert done.returncode == 2
    assert "Did you mean `check`?" in done.stderr
