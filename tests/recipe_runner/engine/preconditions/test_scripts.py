from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from recipe_runner.engine.preconditions.base import Finding, World
from recipe_runner.engine.preconditions.scripts import Script
from tests.recipe_runner.engine.preconditions.conftest import Look


def test_exit_code_zero_is_met(look: Look) -> None:
    """A script that ends with 0 is met, and its last line is shown."""
    assert look("script", "echo first; echo all is well") == Finding(True, "all is well")


def test_another_exit_code_is_unmet(look: Look) -> None:
    """A script that fails is unmet, and the last line of its standard error says why."""
    assert look("script", "echo; echo no mirror >&2; exit 3") == Finding(False, "exit code 3: no mirror")


@pytest.mark.parametrize("code", ["false; true", "false | true", 'echo "$no_such_variable"', "kill -TERM $$"])
def test_scripts_are_strict(look: Look, code: str) -> None:
    """A failing command, a failing part of a pipe, an unset variable or a signal makes a script fail."""
    assert not look("script", code).met


def test_parameters_are_variables(look: Look, world: World) -> None:
    """Parameters reach a script as variables, lists as arrays, and never as pasted text."""
    texts: dict[str, str | tuple[str, ...]] = {"name": "$(touch pasted); x y", "regions": ("eu west", "us")}
    found = look(
        "script",
        'echo "$name|${regions[0]}|${#regions[@]}"',
        within=World(world.environ, world.directory, texts),
    )
    assert found.detail == "$(touch pasted); x y|eu west|2"
    assert not (world.directory / "pasted").exists()


def test_a_script_reads_nothing_of_itself(look: Look) -> None:
    """A command that reads its standard input finds it empty instead of the rest of the script."""
    assert look("script", "cat; echo still here").detail == "still here"


def test_a_script_starts_in_the_recipes_directory(look: Look, tmp_path: Path) -> None:
    """Relative paths of a script are those of the recipe."""
    (tmp_path / "here").touch()
    assert look("script", "test -f here").met


def test_a_script_that_hangs_is_stopped(look: Look) -> None:
    """A script is stopped when its own time limit is over."""
    began = time.monotonic()
    found = look("script", "sleep 1000", timeout="1s")
    assert not found.met
    assert "has not ended after 1 s" in found.detail
    assert time.monotonic() - began < 10


def test_faults_of_the_shell_are_shown(look: Look) -> None:
    """What bash itself complains about is shown with its line."""
    found = look("script", "true\nno-such-program")
    assert found.detail.startswith("exit code 127: ")
    assert "line 2" in found.detail


def test_code_is_verbatim() -> None:
    """The engine is told that references in a script belong to bash."""
    assert Script.verbatim == {"script"}


def test_text_is_the_first_line() -> None:
    """The one line of a script is its first, with a sign that there are more."""
    assert Script(script="one\ntwo\n").text() == "script `one …`"
    assert Script(script="\n one\n").text() == "script `one`"


@pytest.mark.parametrize("timeout", ["0s", "-1s", "soon", ""])
def test_odd_timeouts_are_refused(timeout: str) -> None:
    """A time limit must be a duration longer than nothing."""
    with pytest.raises(ValidationError):
        Script.model_validate({"script": "true", "timeout": timeout})
