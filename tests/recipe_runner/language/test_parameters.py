from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from recipe_runner.language.declarations import Declaration
from recipe_runner.language.parameter_types import PARAMETER_TYPES
from recipe_runner.language.parameters import Parameter, Value

FPR = "0123456789ABCDEF0123456789ABCDEF01234567"


def parameter(**fields: Any) -> Parameter:
    return Declaration(**fields).parameter("x")


@pytest.mark.parametrize(
    ("kind", "raw", "canonical"),
    [
        ("str", " as it is ", " as it is "), ("str", "", ""), ("int", " +03", "3"), ("int", "-0", "0"),
        ("float", "1.50", "1.5"), ("float", "1e3", "1000.0"), ("bool", "Yes", "true"), ("bool", "off", "false"),
        ("path", "~/a b", "~/a b"), ("url", "https://example.org/a?b", "https://example.org/a?b"),
        ("url", "file:///srv", "file:///srv"), ("version", "9.10", "9.10"), ("version", "v1.2.3-rc1+b", "v1.2.3-rc1+b"),
        ("date", "20091022", "2009-10-22"), ("date", "2009-10-22", "2009-10-22"),
        ("datetime", "2009-10-22T14:00+02:00", "2009-10-22T12:00:00Z"),
        ("datetime", "2009-10-22 14:00Z", "2009-10-22T14:00:00Z"),
        ("duration", "1h30m", "90m"), ("serial", "20091022", "20091022"), ("serial", "20091022.1", "20091022.1"),
        ("region", "us-gov-west-1", "us-gov-west-1"), ("region", "ap-southeast-2", "ap-southeast-2"),
        ("fingerprint", "0x" + FPR.lower(), FPR),
        ("fingerprint", " ".join(FPR[i : i + 4] for i in range(0, 40, 4)), FPR),
        ("email", "release@example.org", "release@example.org"), ("secret", "hunter2 ", "hunter2 "),
    ],
)  # fmt: skip
def test_canonical_text(kind: str, raw: str, canonical: str) -> None:
    """Every type turns the ways to write a value into one."""
    assert parameter(type=kind).convert(raw) == canonical


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("int", "3.0"), ("int", "1_000"), ("int", "\u0663"), ("int", "9" * 5000), ("float", "nan"), ("float", "inf"),
        ("float", "1_0"), ("bool", "maybe"), ("path", ""), ("path", "a\nb"), ("path", "a\0b"), ("str", "\0"),
        ("url", "example.org"), ("url", "https://"), ("url", "https://a b"), ("url", "http://[::1"),
        ("version", "karmic"),
        ("date", "2009-02-30"), ("date", "2009-W43-4"), ("date", "22.10.2009"), ("datetime", "2009-10-22T14:00"),
        ("datetime", "0001-01-01T00:00+14:00"), ("datetime", "now"), ("duration", "5"), ("serial", "20090230"),
        ("serial", "20091022.01"), ("serial", "2009-10-22"), ("region", "us-east"), ("region", "Frankfurt"),
        ("fingerprint", FPR[:16]), ("fingerprint", "G" + FPR[1:]),
        ("email", "release"), ("email", "a b@c"), ("secret", ""),
    ],
)  # fmt: skip
def test_wrong_values(kind: str, raw: str) -> None:
    """A value of another kind is refused with what was found and what is wanted."""
    with pytest.raises(ValueError, match=r"^found .*, wanted ") as raised:
        parameter(type=kind).convert(raw)
    assert len(str(raised.value)) < 250


def test_lists() -> None:
    """A list comes as values or as one text split at commas, and each value is of its type."""
    regions = parameter(type="list", of="region", min="1")
    assert regions.convert("us-east-1, eu-west-1") == ("us-east-1", "eu-west-1")
    assert regions.convert(["us-east-1"]) == ("us-east-1",)
    assert parameter(type="list").convert("") == ()
    with pytest.raises(ValueError, match="found `us-east`"):
        regions.convert("us-east-1,us-east")
    with pytest.raises(ValueError, match="at least `1`"):
        regions.convert("")
    with pytest.raises(ValueError, match="found a list"):
        parameter(type="int").convert(["1", "2"])


def test_choices() -> None:
    """A value outside the choices is refused with all of them and the nearest."""
    channel = parameter(type="choice", choices=("alpha", "beta", "release"), default="alpha")
    assert channel.convert("beta") == "beta"
    with pytest.raises(ValueError, match="wanted one of `alpha`, `beta`, `release`; did you mean `release`"):
        channel.convert("relase")
    assert parameter(type="int", choices=("1", "+2")).convert("2") == "2"


@pytest.mark.parametrize(
    ("kind", "low", "value", "high"),
    [("int", "-1", "5", "10"), ("float", "0.5", "1", "1.5"), ("date", "2009-01-31", "20090201", "2009-02-02"),
     ("datetime", "2009-01-01T00:00Z", "2009-01-01T01:30+01:00", "2009-01-01T01:00Z"), ("duration", "90s", "2m", "1h"),
     ("serial", "20091022.2", "20091022.10", "20091023")],
)  # fmt: skip
def test_bounds(kind: str, low: str, value: str, high: str) -> None:
    """Values are compared as what they are, not as texts."""
    parameter(type=kind, min=low, max=high).convert(value)
    with pytest.raises(ValueError, match="at least"):
        parameter(type=kind, min=value).convert(low)
    with pytest.raises(ValueError, match="at most"):
        parameter(type=kind, max=value).convert(high)


def test_patterns_match_whole_values() -> None:
    """A pattern must match from the first to the last character."""
    name = parameter(type="str", pattern="[a-z]+|x")
    assert name.convert("abc") == "abc"
    for wrong in ("abc1", "1x", "abc\n"):
        with pytest.raises(ValueError, match="matches"):
            name.convert(wrong)


def test_a_pattern_cannot_hang() -> None:
    """A pattern that backtracks without end in other engines is linear here."""
    before = time.monotonic()
    with pytest.raises(ValueError, match="matches"):
        parameter(type="str", pattern="(a+)+").convert("a" * 50_000 + "b")
    assert time.monotonic() - before < 10


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"type": "secret", "default": "x"}, "default"), ({"type": "int", "default": "x"}, "default"),
        ({"type": "int", "of": "int"}, "of"), ({"type": "bool", "choices": ["true"]}, "choices"),
        ({"type": "str", "min": "1"}, "min"), ({"type": "int", "max": "x"}, "max"), ({"pattern": "("}, "pattern"),
        ({"env": "not a name"}, "env"), ({"type": "int", "choices": ["x"]}, "choices"), ({"typ": "int"}, "typ"),
        ({"type": "list", "of": "list"}, "of"), ({"type": "list", "of": "secret"}, "of"),
    ],
)  # fmt: skip
def test_declarations_that_contradict_themselves(fields: dict[str, Any], place: str) -> None:
    """A declaration that cannot be meant is refused at the key that is wrong."""
    with pytest.raises(ValidationError) as raised:
        Declaration.model_validate(fields)
    assert raised.value.errors()[0]["loc"] == (place,)


def test_defaults_are_canonical() -> None:
    """A default is converted like any other value."""
    assert parameter(type="bool", default="yes").default == "true"
    assert parameter(type="list", of="int", default=["+1", "02"]).default == ("1", "2")


@given(st.text(min_size=1))
def test_a_secret_is_never_in_a_message(secret: str) -> None:
    """Whatever is wrong with a secret, its value is not in what is said about it."""
    strict = parameter(type="secret", pattern="[0-9]{200}")
    with pytest.raises(ValueError, match="not shown") as raised:
        strict.convert(f"<{secret}>")
    assert f"<{secret}>" not in str(raised.value)


@given(st.sampled_from(sorted(PARAMETER_TYPES)), st.text())
def test_canonical_text_is_a_fixed_point(kind: str, raw: str) -> None:
    """Any text is refused or becomes a value that converts to itself."""
    declared = parameter(type=kind, **({"choices": ("a", "b")} if kind == "choice" else {}))
    with contextlib.suppress(ValueError):
        value: Value = declared.convert(raw)
        assert declared.convert(value) == value
