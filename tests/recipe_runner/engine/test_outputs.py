from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.engine.outputs import parse_outputs, read_outputs, variable

LINE = st.text(st.characters(blacklist_characters="\n\r\0", blacklist_categories=["Cs"]), max_size=20)


@given(value=LINE)
def test_a_value_keeps_everything_after_the_first_equals_sign(value: str) -> None:
    """Spaces, quotes and equals signs belong to the value."""
    assert parse_outputs(f"a={value}\n") == {"a": value}


def test_a_later_line_wins() -> None:
    """The same name written twice has its last value."""
    assert parse_outputs("a=1\na=2\n\n") == {"a": "2"}


@pytest.mark.parametrize("text", ["no equals", "1a=2", "a<<", "a<<E\nb\n", "<<E\nE\n"])
def test_anything_else_is_refused_with_its_line(text: str) -> None:
    """A line that is no output is named by its number."""
    with pytest.raises(ValueError, match="line 1 of"):
        parse_outputs(text)


def test_a_variable_has_underscores() -> None:
    """`step-id.output` is `$step_id_output` in shell."""
    assert variable("make-public", "ami-id") == "make_public_ami_id"


@pytest.mark.parametrize("text", ["a=\0b", "a=\udcff"])
def test_what_no_variable_can_hold_is_refused(text: str) -> None:
    """NUL and bytes that are no text are refused where they are made, not where they are used."""
    with pytest.raises(ValueError, match="no UTF-8 text"):
        parse_outputs(text)


def test_only_a_file_of_a_reasonable_size_is_read(tmp_path: Path) -> None:
    """A pipe put in the file's place never hangs the run; neither it nor a huge file is read."""
    pipe, huge = tmp_path / "pipe", tmp_path / "huge"
    os.mkfifo(pipe)
    huge.write_bytes(b"x" * 100_001)
    for path in (pipe, huge, tmp_path, tmp_path / "missing"):
        with pytest.raises(ValueError, match="RECIPE_OUTPUT"):
            read_outputs(path)
