from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from recipe_runner.engine.preconditions.versions import VersionRange, find_version, within

numbers = st.lists(st.integers(0, 10**6), min_size=1, max_size=5)


def dotted(parts: list[int]) -> str:
    return ".".join(map(str, parts))


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("gpg (GnuPG) 2.2.40\nlibgcrypt 1.10.1", "2.2.40"),
        ("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)", "5.2.15"),
        ("jq-1.6", "1.6"),
        ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.14", "9.2"),
        ("mke2fs 1.47.0 (5-Feb-2023)", "1.47.0"),
        ("less 590 (GNU regular expressions)", "590"),
        ("systemd 252 (252.38-1~deb12u1)", "252.38"),
        ("ShellCheck - shell script analysis tool\nversion: 0.9.0", "0.9.0"),
        ("v20.1.0", "20.1.0"),
        ("no number at all", None),
        ("x86_64 only", None),
    ],
)
def test_first_version_of_real_output(printed: str, version: str | None) -> None:
    """The version is found in what well-known programs print, and not in their names."""
    assert find_version(printed) == version


@given(numbers, numbers)
def test_comparisons_agree_with_numbers(have: list[int], want: list[int]) -> None:
    """Every comparison of versions is the comparison of their numbers, missing ones being zero."""
    width = max(len(have), len(want))
    left, right = ([*part, *[0] * (width - len(part))] for part in (have, want))
    expected = {">=": left >= right, "<=": left <= right, "==": left == right, "!=": left != right}
    expected |= {">": left > right, "<": left < right}
    for comparison, truth in expected.items():
        assert within(dotted(have), f"{comparison}{dotted(want)}") is truth


def test_all_clauses_must_hold() -> None:
    """A version is within a range only when every comparison holds."""
    assert within("2.2.40", ">=2.2, <3, !=2.2.39")
    assert not within("3.0", ">=2.2, <3")
    assert not within("2.2.39", ">=2.2,!=2.2.39")


@pytest.mark.parametrize("text", ["", "2.2", "~=2.2", ">=", ">=2.x", ">=2,", ">=2 <3", "=>2", ">=٣"])
def test_malformed_ranges_are_refused(text: str) -> None:
    """What is no list of comparisons is refused with an example of what is."""
    with pytest.raises(ValidationError, match="wanted comparisons such as"):
        TypeAdapter(VersionRange).validate_python(text)


@given(st.text(max_size=300))
def test_any_output_is_survived(printed: str) -> None:
    """Whatever a program prints, looking for a version finds a dotted number or nothing."""
    version = find_version(printed)
    assert version is None or version.replace(".", "").isdigit()
