from __future__ import annotations

import sys
from pathlib import Path

import pydantic
import pytest
from pydantic import ValidationError

from recipe_runner.engine.preconditions.base import Finding, World
from recipe_runner.engine.preconditions.commands import Command
from tests.recipe_runner.engine.preconditions.conftest import Look


def tool(directory: Path, body: str) -> None:
    """Put a program `tool` into a directory."""
    path = directory / "tool"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_an_installed_command_is_met(look: Look) -> None:
    """A command that is installed is met and its path is shown."""
    found = look("command", "bash")
    assert found.met
    assert found.detail.endswith("/bash")


def test_a_missing_command_names_its_package(look: Look, tmp_path: Path) -> None:
    """A missing command is unmet, and the hint names the package to install."""
    found = look("command", "gpg", within=World({"PATH": str(tmp_path)}, tmp_path))
    assert found == Finding(False, "`gpg` is not installed", "install it: `apt-get install gnupg`")


@pytest.mark.parametrize("name", ["bash", "ssh", "git", "gpg", "python3"])
def test_versions_of_real_commands(look: Look, name: str) -> None:
    """The versions of real programs are found, also of ssh, which knows no `--version`."""
    assert look("command", name, version=">=1").met
    high = look("command", name, version=">=1000")
    assert not high.met
    assert high.hint == f"bring `{name}` to >=1000"


def test_a_command_without_version_is_said_to_have_none(look: Look, tmp_path: Path) -> None:
    """A program that prints no number is unmet when a version is wanted, and met when none is."""
    tool(tmp_path, "echo unknown option >&2; exit 1")
    assert look("command", "./tool").met
    found = look("command", "./tool", version=">=1")
    assert (found.met, found.detail) == (False, "`./tool --version` names no version")


def test_a_version_in_an_error_message_does_not_count(look: Look, tmp_path: Path) -> None:
    """Numbers that a failing program prints are not its version."""
    tool(tmp_path, "echo 'error 99.9' ; exit 1")
    assert not look("command", "./tool", version=">=1").met


def test_text_says_what_is_required() -> None:
    """The one line of a command names it and the wanted version."""
    assert Command(command="gpg", version=">=2.2").text() == "command `gpg` >=2.2"


def test_python_package_of_the_python_on_the_path(look: Look, tmp_path: Path) -> None:
    """A Python package is looked for in the `python3` that the world finds first."""
    bare = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    here = World(bare, tmp_path)
    found = look("python", "pydantic", version=">=2", within=here)
    assert (found.met, found.detail) == (True, pydantic.VERSION)
    assert not look("python", "pydantic", version="<2", within=here).met
    assert look("python", "no-such-package", within=here).hint == (
        "install it there: `python3 -m pip install no-such-package`"
    )
    assert not look("python", "pydantic", within=World({"PATH": str(tmp_path)}, tmp_path)).met


@pytest.mark.parametrize(
    "written", [{"command": ""}, {"command": "x", "version": "2"}, {"command": "x", "versoin": ">1"}]
)
def test_bad_keys_and_values_are_refused(written: dict[str, str]) -> None:
    """An empty name, a version without comparison and an unknown key are refused before anything is looked at."""
    with pytest.raises(ValidationError):
        Command.model_validate(written)
