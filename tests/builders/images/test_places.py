from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from builders.images.places import find

TEXT = '''\
# head
title = """two
disk = "not a key"
lines"""
"quoted" = 1
packages = [
  "one",  # first
  'two',
]
disk.size = "1 GiB"

[boot] # how
  marker = "up"
'''


def test_the_text_is_toml() -> None:
    """The example of this module is what tomllib accepts."""
    assert tomllib.loads(TEXT)["disk"] == {"size": "1 GiB"}


def test_keys_are_found_where_they_stand() -> None:
    """A key's span is its own name, under a table, dotted, quoted, or behind a string of several lines."""
    for path, line, column, length in [
        (("title",), 2, 1, 5),
        (("quoted",), 5, 1, 8),
        (("disk", "size"), 10, 1, 9),
        (("boot", "marker"), 13, 3, 6),
        (("boot",), 12, 2, 4),
    ]:
        span = find(TEXT, path, "x.toml")
        assert (span.line, span.column, span.length) == (line, column, length), path


def test_an_element_of_an_array_is_found_by_its_text() -> None:
    """A string inside an array has a span of its own, whatever its quotes."""
    span = find(TEXT, ("packages", 1), "x.toml", "two")
    assert (span.line, span.column, span.length, span.text) == (8, 3, 5, "  'two',")


def test_what_is_missing_is_told_at_its_parent() -> None:
    """A missing key is told at its table, or at the first line when that is missing too."""
    assert find(TEXT, ("boot", "arguments"), "x.toml").line == 12
    assert find(TEXT, ("archive", "mirror"), "x.toml").line == 1


@given(st.text(max_size=200), st.lists(st.text(max_size=5) | st.integers(), max_size=3))
def test_any_text_gives_a_place_in_it(text: str, path: list[str | int]) -> None:
    """Whatever the text, the span lies on one of its lines."""
    span = find(text, path, "x.toml", "value")
    assert 1 <= span.line <= max(1, len(text.splitlines()))
