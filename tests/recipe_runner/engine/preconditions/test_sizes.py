from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.engine.preconditions.sizes import UNITS, parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("10 GiB", 10 << 30), ("10GiB", 10 << 30), ("1.5 kB", 1500), ("512 B", 512), ("0.3 B", 1), (" 2 TB ", 2 * 10**12)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """A number and a unit, with or without a space, are bytes; a fraction of a byte counts as one."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "10", "10 G", "10 gib", "-1 GiB", "1e3 B", "ten GiB", "1 GiB 2", "٣ GiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A missing or ambiguous unit, a sign or a word is refused, and the units are named."""
    with pytest.raises(ValueError, match="`GiB`"):
        parse_size(text)


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNITS)))
def test_whole_numbers_are_exact(number: int, unit: str) -> None:
    """A whole number of a unit is exactly that many bytes."""
    assert parse_size(f"{number} {unit}") == number * UNITS[unit]


@given(st.integers(0, 2**62))
def test_shown_sizes_never_promise_more(size: int) -> None:
    """A size that is shown can be read back, and is at most the real one and less than a tenth of a unit below it."""
    shown = show_size(size)
    unit = UNITS[shown.split()[1]]
    assert 0 <= size - parse_size(shown) + 1 <= unit / 10 + 1
