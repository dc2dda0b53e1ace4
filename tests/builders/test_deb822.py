from __future__ import annotations

from builders.deb822 import read_stanzas

BLANK = "  "
TEXT = f"""\
# said of no field
Package: a
Description: first
 second
# between
 third:
\t.

{BLANK}
Package: b:c
"""


def test_paragraphs_are_fields_by_name() -> None:
    """Further lines belong to the field above, comments to none; a colon in a value is a part of it."""
    assert list(read_stanzas(TEXT)) == [
        {"Package": "a", "Description": "first\nsecond\nthird:\n."},
        {"Package": "b:c"},
    ]


def test_nothing_has_no_paragraph() -> None:
    """Blank lines and comments alone are no paragraph."""
    assert list(read_stanzas("\n\n# nothing\n\n")) == []
