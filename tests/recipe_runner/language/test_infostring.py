from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.errors import Diagnostic, Span
from recipe_runner.language.infostring import InfoString, parse_info


def read(info: str) -> tuple[InfoString, list[Diagnostic]]:
    return parse_info(info, lambda start, length: Span("x.md", 1, start + 1, length, info))


def items(info: str) -> list[tuple[str, str, str]]:
    parsed, faults = read(info)
    assert faults == []
    return [(a.kind, a.name, a.value) for a in parsed.attributes]


def test_ids_flags_and_values() -> None:
    """Between the braces stand ids, flags and values in any order, quoted where they have spaces."""
    assert items(
        'bash {#a-b .tty timeout=5m confirm="Say \\"yes\\" \\\\ {x}" when=\'a == b\' dir=${tree}/x empty=}'
    ) == [
        ("id", "a-b", "a-b"),
        ("class", "tty", "tty"),
        ("pair", "timeout", "5m"),
        ("pair", "confirm", 'Say "yes" \\ {x}'),
        ("pair", "when", "a == b"),
        ("pair", "dir", "${tree}/x"),
        ("pair", "empty", ""),
    ]


def test_places_of_names_and_values() -> None:
    """Names and values are found at their characters, values without their quotes."""
    info = '  bash {#one  when="a b"}  '
    attributes = read(info)[0].attributes
    cut = [(info[s.column - 1 : s.column - 1 + s.length]) for a in attributes for s in (a.span, a.value_span)]
    assert cut == ["#one", "#one", "when", "a b"]
    braces = read(info)[0].braces_span
    assert info[braces.column - 1 : braces.column - 1 + braces.length] == '{#one  when="a b"}'


@pytest.mark.parametrize(
    "info",
    ["", "bash", "bash run", "bash {1,3-5}", "js {#}", "{code-block} bash", "{python .x}", "{.bash .numberLines}",
     'bash title="{x}"', "mermaid {init: 1}", "r {echo=FALSE}"],
)  # fmt: skip
def test_other_tools_braces_are_left_alone(info: str) -> None:
    """Line numbers, directives, classes and titles of other tools are none of ours."""
    parsed, faults = read(info)
    assert (parsed.braces, parsed.attributes, faults) == (None, (), [])


@pytest.mark.parametrize(
    "info",
    [
        "bash {",
        "bash {}",
        "bash {#a",
        "sh {timeout=5m}",
        "ruby {#a}",
        "{.check for=a}",
        "text {.undo for=a}",
        "bash{#a}",
    ],
)
def test_our_braces_are_recognised(info: str) -> None:
    """An id or a role makes braces ours everywhere, anything in them does behind a language that can run."""
    assert read(info)[0].braces is not None


def test_backslashes_count_between_double_quotes_only() -> None:
    """Elsewhere a backslash is a backslash, as in a shell's single quotes."""
    assert items(r"""bash {#a x="\"" y='\"' z=\z}""")[1:] == [
        ("pair", "x", '"'),
        ("pair", "y", '\\"'),
        ("pair", "z", r"\z"),
    ]


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ("bash {#a #b}", "found a second id"),
        ("bash {#a .tty .tty}", "found `tty` a second time"),
        ("bash {#a dir=x dir=x}", "found `dir` a second time"),
        ("bash {#a tty}", "write `.tty`"),
        ("bash {#a --timeout}", "write `timeout=…`"),
        ('bash {#a "x}', 'close the quotation, or write `key="text"`'),
        ("bash {#a foo}", "write `#foo` for an id, `.foo` for a flag or `foo=…` for a value"),
        ("bash {#a ,}", "separate `#id`, `.flag` and `key=value` by spaces"),
    ],
)
def test_what_cannot_be_meant_is_told_with_a_way_out(info: str, said: str) -> None:
    """Whatever is there twice is found, and a word alone is told as what it may have been meant for."""
    assert said in {text for fault in read(info)[1] for text in (fault.message, fault.hint)}


WORDS = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="`"), max_size=12)


@given(WORDS, st.lists(WORDS, unique=True), st.dictionaries(WORDS, VALUES))
def test_round_trip(name: str, flags: list[str], pairs: dict[str, str]) -> None:
    """What is written between braces is read back."""
    quoted = [f'{key}="{value}"' for key, v in pairs.items() for value in [v.replace("\\", "\\\\").replace('"', '\\"')]]
    flags = [flag for flag in flags if flag not in pairs]
    assert items(f"bash {{#{name} {' '.join([*(f'.{flag}' for flag in flags), *quoted])}}}") == [
        ("id", name, name),
        *(("class", flag, flag) for flag in flags),
        *(("pair", key, value) for key, value in pairs.items()),
    ]


@given(st.text(st.sampled_from("#.={}\"'\\ \tabZ0-$`é"), max_size=30))
def test_any_text_is_read_or_faulted(text: str) -> None:
    """No text makes the reader fail, and all places lie inside the text."""
    parsed, faults = read(f"bash {text}")
    for span in (*(a.value_span for a in parsed.attributes), *(d.span for d in faults)):
        assert span is not None
        assert 1 <= span.column <= len(text) + 6
