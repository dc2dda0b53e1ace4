from __future__ import annotations

import base64
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.engine.redaction import MASK, Redactor

SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=6, max_size=24)


@given(secret=SECRET, before=st.binary(max_size=9), after=st.binary(max_size=9), cuts=st.lists(st.integers(0, 80)))
def test_no_secret_survives_any_chunking_or_encoding(secret: str, before: bytes, after: bytes, cuts: list[int]) -> None:
    """However the stream is cut, neither the secret nor its usual encodings come out, and nothing else is lost."""
    raw = secret.encode()
    redactor = Redactor([secret])
    forms = [raw, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode(), raw.hex().encode()]
    forms.append(base64.b64encode(raw))
    for form in forms:
        data = before + form + after
        stream = redactor.stream()
        ends = sorted({min(c, len(data)) for c in cuts} | {len(data)})
        start, out = 0, b""
        for end in ends:
            out += stream.feed(data[start:end])
            start = end
        out += stream.end()
        assert raw not in out
        assert MASK in out
        assert out == redactor.clean(data)


@given(data=st.binary(max_size=200), cut=st.integers(0, 200))
def test_without_secrets_bytes_pass_unchanged(data: bytes, cut: int) -> None:
    """A run without secrets shows what its steps wrote, byte for byte, at once."""
    stream = Redactor([]).stream()
    assert stream.feed(data[:cut]) + stream.feed(data[cut:]) == data


@given(prefix=st.binary(max_size=20), suffix=st.binary(max_size=20))
def test_base64_of_a_longer_text_hides_the_secret_inside(prefix: bytes, suffix: bytes) -> None:
    """A secret in the middle of an encoded text is found at each of the three alignments."""
    encoded = base64.b64encode(prefix + b"correct-horse-battery" + suffix)
    assert MASK in Redactor(["correct-horse-battery"]).clean(encoded)


def test_a_prompt_is_shown_at_once() -> None:
    """Only bytes that may begin a secret are held back, so a prompt without line end appears immediately."""
    stream = Redactor(["hunter22"]).stream()
    assert stream.feed(b"Password: ") == b"Password: "
    assert stream.feed(b"hun") == b""
    assert stream.feed(b"ter22!") == MASK + b"!"


@pytest.mark.parametrize(
    ("secret", "form"),
    [
        ("??>>~~??>>~~", base64.urlsafe_b64encode(b"??>>~~??>>~~")),
        ("??>>~~??>>~~", base64.b64encode(b"??>>~~??>>~~")),
        ("first line of a key\nsecond line of a key", b"second line of a key"),
        ("it's between quotes", shlex.quote("it's between quotes")[1:-1].encode()),
        ("two words & more", quote_plus("two words & more").encode()),
        ("words, and a/slash", quote("words, and a/slash", safe="").encode()),
        ("a/path/like/thing&x", quote("a/path/like/thing&x").encode()),
        ("pässwörter", json.dumps("pässwörter")[1:-1].encode()),
        ('say "pässwort"', json.dumps('say "pässwort"', ensure_ascii=False)[1:-1].encode()),
        ("hunter2", b"hunter2".hex().upper().encode()),
    ],
)
def test_every_notation_of_a_secret_is_masked(secret: str, form: bytes) -> None:
    """Other base64, one line of several, the notations of shells, forms, paths, JSON and hexadecimal digits."""
    assert form != secret.encode()
    assert Redactor([secret]).clean(b"<" + form + b">") == b"<" + MASK + b">"
