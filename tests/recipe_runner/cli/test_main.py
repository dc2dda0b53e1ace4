from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recipe_runner.cli import VERBS
from tests.support.command import RECIPE, recipe

HEAVY = ("pydantic", "rich", "markdown_it", "yaml", "boto3", "botocore")
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


@pytest.mark.parametrize("header", ["", "---\nrecipe: 1\nparams:\n  name: {default: you}\n---\n"])
def test_a_run_imports_what_its_recipe_needs(header: str, tmp_path: Path) -> None:
    """Models and a reader of YAML are imported for recipes that have YAML, and for no others."""
    recipe = tmp_path / "r.md"
    recipe.write_text(f'{header}```bash {{#a}}\necho "${{name-}}"\n```\n')
    arguments = ["run", str(recipe), "--yes", "--no-sign", "--runs", str(tmp_path / "runs")]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stderr.splitlines())
    assert {"recipe_runner.engine.execute", "rich", "markdown_it"} <= loaded
    assert loaded.isdisjoint({"boto3", "recipe_runner.journal.verification", "recipe_runner.console.dryrun"})
    assert not loaded & {"pydantic", "pydantic_core", "yaml"} if not header else {"pydantic", "yaml"} <= loaded


def test_help_lists_every_verb() -> None:
    """Our own verbs and those that plug in, one line each."""
    done = recipe("--help")
    assert done.returncode == 0
    for verb in (*VERBS, "image", "cloud"):
        assert done.stdout.count(f"\n  {verb} ") == 1


def test_a_misspelt_verb_is_compared_with_those_there_are() -> None:
    """Exit code 2 and the nearest verb, in a group of verbs too."""
    for words in (("chekc", "r.md"), ("log", "shwo"), ("image", "biuld")):
        done = recipe(*words)
        assert done.returncode == 2
        near = {"chekc": "check", "log": "show", "image": "build"}[words[0]]
        assert re.fullmatch(rf"error: there is no verb `\w+`\n  hint: did you mean `{near}`\?\n", done.stderr)


def test_misuse_is_told_as_every_other_fault() -> None:
    """What is wrong stands in lower case with names in backticks, and the hint says how the verb is written."""
    wrong = {
        ("log", "output", "x"): "missing argument `STEP`\n  hint: write `recipe log output [OPTIONS] RUN STEP`",
        ("verify", "x"): "missing option `--policy`\n  hint: write `recipe verify --policy FILE [OPTIONS] RUN`",
        ("run", "--answrs"): "there is no option `--answrs`\n  hint: did you mean `--answers`?",
        ("check", "--format", "xml", "r.md"): "invalid value for `--format`: `xml` is not one of",
    }
    for words, told in wrong.items():
        done = recipe(*words)
        assert (done.returncode, done.stdout) == (4 if words[0] == "verify" else 2, "")
        assert f"error: {told}" in done.stderr


def test_help_of_a_group_says_whole_sentences() -> None:
    """No row of the list of verbs is cut off."""
    for group in ("log", "image", "cloud"):
        rows = recipe(group, "--help").stdout.partition("Verbs:\n")[2]
        assert rows
        assert "..." not in rows


def test_a_verb_that_cannot_be_loaded_spoils_no_other(tmp_path: Path) -> None:
    """Help says what is wrong with another distribution's verb, and using it is an error in words."""
    information = tmp_path / "broken_verb-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-verb\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[recipe_runner.commands]\nbroken = no_such_module:verb\n")
    environ = {"PYTHONPATH": str(tmp_path)}
    helped = recipe("--help", environ=environ)
    assert helped.returncode == 0
    assert "\n  check " in helped.stdout
    assert "`broken` of `broken-verb 1`" in helped.stdout
    used = recipe("broken", environ=environ)
    assert (used.returncode, "No module named" in used.stderr) == (2, True)


def test_shells_complete_verbs_options_and_files() -> None:
    """The answers are in the form that click's scripts for shells read: kind and word."""
    for typed, wanted in {"chec": "plain,check", "log sho": "plain,show", "run --acc": "plain,--accept"}.items():
        words = ["recipe", *typed.split()]
        environ = {
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
            "_RECIPE_COMPLETE": "bash_complete",
        }
        assert recipe(environ=environ).stdout.split() == [wanted]
    environ = {"COMP_WORDS": "recipe log show r", "COMP_CWORD": "3", "_RECIPE_COMPLETE": "bash_complete"}
    assert recipe(environ=environ).stdout.split() == ["file,r"]


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    """`recipe … | head`: quiet, with the exit code that shells give to who is ended by a closed pipe."""
    (tmp_path / "r.md").write_text("".join(f"```bash {{#s{n}}}\ntrue\n```\n" for n in range(2000)))
    reader, writer = os.pipe()
    os.close(reader)
    try:
        argv = [str(RECIPE), "show", "r.md"]
        done = subprocess.run(argv, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=120)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
