from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.language.checks.shell_scan import assigned, mentioned, opaque, uses


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ('echo $a ${b} ${#c} ${!d} ${e[@]} ${f%$g} "$h" $(echo $i) `echo $j`', list("abcdefghij")),
        ("echo ${a:-x} ${b+$c} ${d:?} ${e=1} $f-x ${g%-*} ${h[0]:-}", ["c", "f", "g", "h"]),
        ("echo '$a' \\$b $'\\'$c' \"\\$d\" # $e", []),
        ('echo "it\'s $a" \'x\' "$(echo \'$b\' "$c")"', ["a", "c"]),
        ("echo a#$b $# $1 $? $$ $@ $_", ["b", "_"]),
        ("cat <<EOF\n$a '$b' \\$c\nEOF\necho $d", ["a", "b", "d"]),
        ("cat <<'EOF'\n$a\nEOF\necho $b", ["b"]),
        ("cat <<\\EOF\n$a\nEOF\necho $b", ["b"]),
        ("cat <<-EOF\n\t$a\n\tEOF\necho $b", ["a", "b"]),
        ("cat <<A <<'B'\n$a\nA\n$b\nB\necho $c", ["a", "c"]),
        ("cat <<<'$a' <<<$b", ["b"]),
        ('echo "$a"$\'\\n$b\'"$c"', ["a", "c"]),
        ("x=(1 2); (cd $a); echo $((b+$c))", ["a", "c"]),
    ],
)
def test_variables_that_are_read(code: str, names: list[str]) -> None:
    """Variables are seen through quotes that expand them, and not through those that do not."""
    assert [use.name for use in uses(code)] == names


def test_places() -> None:
    """Each use has its row and column, behind line ends in quotes, continuations and here-documents."""
    code = "echo 'a\nb' $c \\\n  $d\ncat <<E\n$e\nE\n  ${f}"
    assert [(u.name, u.row, u.column, u.length) for u in uses(code)] == [
        ("c", 1, 3, 2), ("d", 2, 2, 2), ("e", 4, 0, 2), ("f", 6, 2, 4),
    ]  # fmt: skip


def test_prompts() -> None:
    """A dollar and a space at the beginning of a line is a prompt; inside quotes and here-documents it is text."""
    code = "$ ls\n  $ cd x\necho $ y\necho '\n$ no'\ncat <<E\n$ no\nE"
    assert [(u.row, u.column, u.length) for u in uses(code) if not u.name] == [(0, 0, 2), (1, 2, 2)]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a=1 b+=2; export c=3", {"a", "b", "c"}),
        ("for i in x; do read -r j k; done; select l in a; do :; done", {"i", "j", "k", "l"}),
        ("local m; declare -A n=(); mapfile -t o <f; printf -v p x; ((q++)); r[0]=1; getopts ab s", set("mnopqrs")),
    ],
)
def test_variables_that_are_set(code: str, names: set[str]) -> None:
    """Everything that gives a variable a value is recognised."""
    assert names <= assigned(code)


def test_comparisons_set_nothing() -> None:
    """A comparison is no assignment."""
    assert "a" not in assigned("[[ a == b ]]")


def test_opaque() -> None:
    """Code that loads other code is recognised, words that contain the names are not."""
    assert all(opaque(code) for code in ("source x", "a; . ./x", 'if true; then eval "$x"; fi', "x\n  . y"))
    assert not any(opaque(code) for code in ("sources x", "echo source", "./x", "evaluate"))


@given(st.text(st.sampled_from("ab${}()'\"\\<#\n E-_="), max_size=60))
def test_any_text_can_be_scanned(code: str) -> None:
    """No text makes the scan fail, all places are inside it, and `mentioned` covers what `uses` finds."""
    rows = code.split("\n")
    for use in uses(code):
        assert rows[use.row][use.column] == "$"
        assert use.name in mentioned(code)
    assigned(code)
    opaque(code)
