from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builders.workshop.sources import Source, parse_deb822, parse_list

WORDS = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)
SOURCES = st.builds(
    Source,
    WORDS.map(lambda name: f"http://{name}.example/debian"),
    WORDS,
    st.lists(WORDS, max_size=3).map(tuple),
    st.none() | WORDS.map(lambda name: f"/usr/share/keyrings/{name}.gpg"),
)


@given(st.lists(SOURCES, max_size=4))
def test_single_lines_survive_a_round_trip(sources: list[Source]) -> None:
    """What is written as lines is read back equal."""
    assert list(parse_list("".join(f"{source}\n" for source in sources))) == sources


def test_comments_and_source_archives_are_passed_over() -> None:
    """Only binary archives count, and comments end a line."""
    text = (
        "# deb http://a b c\ndeb-src http://a b main\n\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://a b main # x\nrubbish\n"
    )
    assert list(parse_list(text)) == [Source("http://a", "b", ("main",), "/k.gpg")]


def test_a_stanza_stands_for_each_suite_of_each_mirror() -> None:
    """The stanza form is unfolded; comments inside it and continuation lines are understood."""
    text = (
        "Types: deb deb-src\n# a comment\nURIs: http://a http://b\nSuites: x\n y\nComponents: main contrib\n"
        "Signed-By: /k.gpg\n\nTypes: deb-src\nURIs: http://c\nSuites: x\nComponents: main\n\n"
        "Types: deb\nEnabled: no\nURIs: http://d\nSuites: x\nComponents: main\n"
    )
    found = list(parse_deb822(text))
    assert [(s.uri, s.suite) for s in found] == [
        ("http://a", "x"),
        ("http://a", "y"),
        ("http://b", "x"),
        ("http://b", "y"),
    ]
    assert found[0] == Source("http://a", "x", ("main", "contrib"), "/k.gpg")


def test_a_key_written_into_the_stanza_is_no_path() -> None:
    """An embedded key block is not taken for a keyring's path."""
    text = (
        "Types: deb\nURIs: http://a\nSuites: x\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n"
    )
    assert [source.signed_by for source in parse_deb822(text)] == [None]


def test_a_trusted_source_says_so() -> None:
    """A generated archive is trusted by its entry alone."""
    assert str(Source("copy:///a", "karmic", ("main",), trusted=True)) == "deb [trusted=yes] copy:///a karmic main"
