from __future__ import annotations

import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from recipe_runner.errors import InvalidRecipeError, Span
from recipe_runner.language.fragment import Fragment
from recipe_runner.language.source import Document


def fragment(text: str) -> Fragment:
    document = Document.decode("x.yaml", text.encode())
    return Fragment.parse(document.passage(document.lines, 1))


def place(span: Span) -> str:
    return span.text[span.column - 1 : span.column - 1 + span.length]


def _refuse(value: str) -> str:
    raise ValueError(f"found `{value}`, wanted something else")


class Root(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["root"] = "root"
    size: int = 0


class Swap(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["swap"]
    bytes: int


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    image: str
    count: int = Field(1, ge=1)
    signed_by: str | None = Field(None, alias="signed-by")
    disks: list[Root] = []
    any_disk: Annotated[Root | Swap, Field(discriminator="kind")] | None = None
    labels: dict[str, int] = {}
    refused: Annotated[str, AfterValidator(_refuse)] = ""


class Three(BaseModel):
    one: str
    two: str
    three: str


DOCUMENT = """\
image: ${tree}/${serial}
count: "${n}"
disks:
  - size: ${size}
  - {kind: root, size: 3}
"""


def test_scalars_are_texts() -> None:
    """Nothing is turned into a number, a date, a truth value or null."""
    assert fragment("a: 9.10\nb: 20091022\nc: yes\nd: null\ne:\nf: 010\n'g': 0x1F").data == {
        "a": "9.10", "b": "20091022", "c": "yes", "d": "null", "e": "", "f": "010", "g": "0x1F",
    }  # fmt: skip


def test_empty_text_is_an_empty_mapping() -> None:
    """Nothing, or nothing but comments, means no keys."""
    assert fragment("").data == {}
    assert fragment("# nothing\n").data == {}


def test_places() -> None:
    """A path leads to its value or its key; where it leads nowhere, to the nearest that exists."""
    document = fragment(DOCUMENT)
    assert place(document.at(("image",))) == "${tree}/${serial}"
    assert place(document.at(("image",), key=True)) == "image"
    assert place(document.at(("disks", 0, "size"))) == "${size}"
    assert place(document.at(("disks", 1))) == "{kind: root, size: 3}"
    assert place(document.at(("disks", 1, "function-wrap", "size"))) == "3"
    assert place(document.at(("disks", 7, "size"), key=True)) == "disks"
    assert place(document.at(("nowhere",))) == "image"


def test_references_with_their_places() -> None:
    """Each reference is found where it stands, also inside quotes and beside others."""
    found = fragment(DOCUMENT).references()
    assert [(name, place(span), span.line) for name, span in found] == [
        ("tree", "${tree}", 1), ("serial", "${serial}", 1), ("n", "${n}", 2), ("size", "${size}", 4),
    ]  # fmt: skip
    assert fragment(DOCUMENT).names() == ({"tree", "serial", "n", "size"}, True)


def test_references_behind_escapes() -> None:
    """Where escapes hide the exact place, the scalar's is given and no reference is lost."""
    [(name, span)] = fragment('a: "\\x24{b}"').references()
    assert (name, span.column) == ("b", 4)


def test_verbatim_keys_are_code() -> None:
    """The value of a verbatim key is neither searched nor expanded."""
    script = fragment("script: echo ${HOME} ${x:-1}\nat: ${tree}")
    assert [name for name, _ in script.references(verbatim={"script"})] == ["tree"]
    assert script.malformed(verbatim={"script"}) == []
    assert script.expand({"tree": "/srv"}.__getitem__, verbatim={"script"}).data == {
        "script": "echo ${HOME} ${x:-1}", "at": "/srv",
    }  # fmt: skip


def test_expand() -> None:
    """References become values, a lone reference to a list the list; the original stays as it was."""
    original = fragment("a: ${regions}\nb: [x, '${regions}']\nc: in ${regions}")
    expanded = original.expand({"regions": ("one", "two")}.__getitem__)
    assert expanded.data == {"a": ["one", "two"], "b": ["x", ["one", "two"]], "c": "in one,two"}
    assert original.data["a"] == "${regions}"


def test_validate_gives_the_model() -> None:
    """Texts become the types of the model."""
    model = fragment("image: a\ncount: 3\nsigned-by: b\nlabels: {x: 1}").validate(Model)
    assert (model.image, model.count, model.signed_by, model.labels) == ("a", 3, "b", {"x": 1})


@pytest.mark.parametrize(
    ("text", "code", "message", "where", "hint"),
    [
        ("image: a\ncount: x", "R025", "`count`: found `x`, wanted a whole number", "x", "write a whole number"),
        ("image: a\ncount: 0", "R025", "`count`: found `0`, wanted a value greater than or equal to 1", "0", None),
        ("count: 1", "R024", "`image` is missing", "count", "add `image: …`"),
        ("imgae: a\nimage: b", "R023", "unknown key `imgae`", "imgae", None),
        ("image: a\nsigned_by: x", "R023", "unknown key `signed_by`", "signed_by", "did you mean `signed-by`?"),
        ("image: [a]", "R025", "`image`: found a list, wanted a text", "[a]", None),
        (
            "image: a\ndisks: {a: b}", "R025", "`disks`: found a mapping, wanted a list such as `[one, two]`", "{a: b}",
            "write a list such as `[one, two]`",
        ),
        ("image: a\ndisks: [{sise: 1}]", "R023", "unknown key `sise`", "sise", "did you mean `size`?"),
        ("image: a\nlabels:\n  b: c", "R025", "`b`: found `c`, wanted a whole number", "c", None),
        ("image: a\nany_disk: {kind: rot}", "R025", "`any_disk`: found a mapping, wanted `kind`", None, None),
        ("image: a\nany_disk: {kind: swap, bytse: 1, bytes: 2}", "R023", "unknown key `bytse`", "bytse", None),
        ("image: a\nrefused: b", "R025", "`refused`: found `b`, wanted something else", "b", "write something else"),
        ("image: a\ncount:", "R025", "`count`: found nothing, wanted a whole number", "count", None),
        ("just a text", "R025", "found `just a text`, wanted a mapping of `key: value`", "just a text", None),
    ],
)  # fmt: skip
def test_pydantics_errors_point_at_their_nodes(
    text: str, code: str, message: str, where: str | None, hint: str | None
) -> None:
    """Errors at every depth come with code, words and the exact characters they are about."""
    with pytest.raises(InvalidRecipeError) as raised:
        fragment(text).validate(Model)
    [fault] = raised.value.diagnostics
    assert (fault.code, fault.message) == (code, message) if where else code
    assert fault.span is not None
    assert where is None or place(fault.span) == where
    assert hint is None or fault.hint == hint


def test_missing_keys_of_one_mapping_are_one_fault() -> None:
    """All that a mapping lacks is said at once."""
    [fault] = fragment("any_disk: {kind: swap, bytes: 1}\nimage: x").faults(Three)
    assert fault.message == "`one`, `two` and `three` are missing"
    assert fault.hint == "add `one: …`, `two: …`, `three: …`"


def test_faults_before_values_are_known() -> None:
    """Wrong values are forgiven where references stand; missing and unknown keys are not."""
    text = "count: ${n}\ndisks: ${disks}\nunknown: ${x}\nlabels: {a: '${b}', c: d}"
    assert [fault.message for fault in fragment(text).faults(Model)] == [
        "`image` is missing", "unknown key `unknown`", "`c`: found `d`, wanted a whole number",
    ]  # fmt: skip


def test_messages_show_the_text_not_the_value() -> None:
    """After expansion a message quotes the recipe, never the value, which may be a secret."""
    values = {"i": "x", "token": "hunter2"}
    expanded = fragment("image: ${i}\nrefused: a ${token} b\ncount: ${token}").expand(values.__getitem__)
    with pytest.raises(InvalidRecipeError) as raised:
        expanded.validate(Model)
    text = " ".join(f"{d.message} {d.hint}" for d in raised.value.diagnostics)
    assert "hunter2" not in text
    assert "found `a ${token} b`" in text
    assert "found `${token}`" in text


@pytest.mark.parametrize("text", ["&a b", "*a", "!t b", "a: 1\na: 2", "<<: {}", "? [a]\n: b", "a\n---\nb"])
def test_what_hides_meaning_is_refused(text: str) -> None:
    """Anchors, aliases, tags, double keys, merges, odd keys and second documents are faults."""
    with pytest.raises(InvalidRecipeError):
        fragment(text)


@given(st.text(st.sampled_from("ab:{}[]-,'\"&*!|>#%@`\n \t\\?é\x85\u2028\x07$"), max_size=40))
def test_any_text_is_a_fragment_or_faults(text: str) -> None:
    """No text makes the reader fail in another way, and every fault has a place inside the text."""
    try:
        parsed = fragment(text)
    except InvalidRecipeError as error:
        for fault in error.diagnostics:
            assert fault.span is not None
            assert fault.span.column <= len(fault.span.text) + 1
    else:
        parsed.references()
        parsed.faults(Model)


PLAIN = st.recursive(
    st.text(st.characters(max_codepoint=0xFFFF, categories=["L", "N", "P", "S", "Zs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=0xFFFF, categories=["L"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_json_is_read_as_it_is(data: object) -> None:
    """JSON of texts, lists and mappings, which is YAML too, gives the same data."""
    assert fragment(json.dumps(data, ensure_ascii=True)).data == data
