from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from license_expression import get_spdx_licensing

from builders.proof.licences import NO_ASSERTION, licence_of, references

LICENSING = get_spdx_licensing()  # all licences that SPDX knows: half a second to make
HEAD = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"


def copyright_file(*licences: str) -> str:
    return HEAD + "".join(
        f"Files: {n}\nCopyright: someone\nLicense: {name}\n Text.\n\n" for n, name in enumerate(licences)
    )


@pytest.mark.parametrize(
    ("licences", "expression"),
    [
        (["GPL-2+"], "GPL-2.0-or-later"),
        (["GPL-3"], "GPL-3.0-only"),
        (["LGPL-2.1+"], "LGPL-2.1-or-later"),
        (["Expat", "Expat"], "MIT"),
        (["BSD-3-clause", "ISC"], "BSD-3-Clause AND ISC"),
        (["GPL-2+ or Expat", "ISC"], "(GPL-2.0-or-later OR MIT) AND ISC"),
        (["GPL-2, Expat"], "GPL-2.0-only AND MIT"),
        (["public-domain"], "LicenseRef-public-domain"),
        (["GPL-2+ with OpenSSL exception"], "LicenseRef-GPL-2-plus-with-OpenSSL-exception"),
    ],
)
def test_short_names_become_an_expression(licences: list[str], expression: str) -> None:
    """Debian's names are translated, joined, and kept under their own name where SPDX has none."""
    assert licence_of(copyright_file(*licences)) == expression


@pytest.mark.parametrize("text", ["", "This is free software, see the GPL-2.", "Files: *\nLicense: MIT\n", HEAD])
def test_prose_is_not_guessed(text: str) -> None:
    """What does not say that it is machine-readable, or names no licence, asserts nothing."""
    assert licence_of(text) == NO_ASSERTION


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=30), max_size=4))
def test_whatever_is_written_the_expression_is_valid(licences: list[str]) -> None:
    """Foreign text cannot make an expression that a reader of SPDX refuses."""
    expression = licence_of(copyright_file(*[name.replace("\r", "\n") for name in licences]))
    if expression != NO_ASSERTION:
        LICENSING.parse(expression)
        assert set(LICENSING.validate(expression).invalid_symbols) <= references(expression)
