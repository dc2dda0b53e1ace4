from __future__ import annotations

import pytest

from builders.images.size import format_size, parse_size


def test_sizes_are_read_in_binary_units() -> None:
    """A size is a number and a binary unit."""
    assert parse_size("160 MiB") == 160 * 2**20
    assert parse_size("1GiB") == 2**30


@pytest.mark.parametrize("text", ["", "1", "1 GB", "1.5 GiB", "-1 GiB", "1 GiB ", "１ GiB"])  # noqa: RUF001 - on purpose
def test_other_texts_are_refused(text: str) -> None:
    """What could be read in two ways is refused."""
    with pytest.raises(ValueError, match="wanted a size"):
        parse_size(text)


def test_sizes_are_shown_in_the_unit_that_fits() -> None:
    """People see GiB from one GiB on."""
    assert format_size(2**30) == "1.0 GiB"
    assert format_size(300 * 2**20) == "300 MiB"
