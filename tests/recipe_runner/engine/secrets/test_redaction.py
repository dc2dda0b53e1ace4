from __future__ import annotations

import base64
import html
import json
import os
import re
import shlex
import shutil
import subprocess
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recipe_runner.engine.secrets import quarry
from recipe_runner.engine.secrets.notations import Written, notations
from recipe_runner.engine.secrets.redaction import MASK, Redactor

SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=6, max_size=24)
HARD = 'it\'s a $ecret "x" & <tag> é\\z%25+/'
"""A secret of which every notation writes something in its own way."""


def forms(secret: str) -> dict[str, bytes]:
    """Return a secret as libraries write it, whole."""
    raw = secret.encode()
    return {
        "plain": raw,
        "hex": raw.hex().upper().encode(),
        "spaced hex": raw.hex(" ").encode(),
        "wrapped hex": raw.hex("\n", 5).encode(),
        "array": raw.hex(" ").replace(" ", ", 0x").encode(),
        "UTF-16": secret.encode("utf-16-le"),
        "base64": base64.b64encode(raw).rstrip(b"="),
        "base64 for URLs": base64.urlsafe_b64encode(raw).rstrip(b"="),
        "base64 in lines": b"\r\n  ".join(re.findall(b".{1,20}", base64.b64encode(raw).rstrip(b"="))),
        "percent": quote(secret, safe="").encode(),
        "percent in small letters": quote(secret, safe="/").lower().encode() if secret.islower() else raw,
        "form": quote_plus(secret).encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "JSON as it may be": json.dumps(secret, ensure_ascii=False)[1:-1].replace("/", "\\/").encode(),
        "JSON in HTML": json.dumps(secret)[1:-1].replace("<", "\\u003C").replace("&", "\\u0026").encode(),
        "JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1].encode(),
        "HTML": html.escape(secret).encode(),
        "HTML of Go": html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;").encode(),
        "sh": shlex.quote(secret).removeprefix("'").removesuffix("'").encode(),
        "Python": repr(secret)[1:-1].encode(),
        "Python in ASCII": ascii(secret)[1:-1].encode(),
        "Python's bytes": repr(raw)[2:-1].encode(),
        "YAML": secret.replace("'", "''").encode(),
        "CSV": secret.replace('"', '""').encode(),
    }


@settings(max_examples=40)
@given(secret=SECRET, before=st.binary(max_size=9), after=st.binary(max_size=9), cuts=st.lists(st.integers(0, 200)))
@example(secret="0" * 16, before=b"\0", after=b"", cuts=[22])
def test_no_secret_survives_any_chunking_or_notation(secret: str, before: bytes, after: bytes, cuts: list[int]) -> None:
    """However the stream is cut, neither the secret nor a notation of it comes out, and nothing else is lost."""
    redactor = Redactor([secret])
    for form in forms(secret).values():
        data = before + form + after
        stream = redactor.stream()
        ends = sorted({min(c, len(data)) for c in cuts} | {len(data)})
        start, out = 0, b""
        for end in ends:
            out += stream.feed(data[start:end])
            start = end
        out += stream.end()
        assert secret.encode() not in out
        assert MASK in out
        assert out == redactor.clean(data)


@pytest.mark.parametrize("name", forms(HARD))
def test_libraries_notations_are_masked_whole(name: str) -> None:
    """What base64, JSON, HTML, URLs and string literals make of a secret leaves nothing of it."""
    form = forms(HARD)[name]
    assert Redactor([HARD]).clean(b"<" + form + b">") == b"<" + MASK + b">"


def test_what_bash_and_its_companions_print_is_masked() -> None:
    """`printf %q`, `${x@Q}`, `set -x`, `declare -p` and dumps, also where the locale knows ASCII only."""
    code = r"""
        printf '%q\n' "$secret"; echo "${secret@Q}"; declare -p secret | grep -o '".*"'; set -x; : "$secret"; set +x
        printf %s "$secret" | od -An -tx1; printf %s "$secret" | xxd -p -c 7; printf '%s' "$secret" | base64 -w 20
        LC_ALL=C; printf '%q\n' "$secret"; echo "${secret@Q}"
    """.replace("xxd -p -c 7", "od -An -tx1 -w7" if not os.access("/usr/bin/xxd", os.X_OK) else "xxd -p -c 7")
    done = subprocess.run(
        ["bash", "-c", code], env={**os.environ, "LC_ALL": "C.UTF-8", "secret": HARD}, capture_output=True, check=True
    )
    quotes = Redactor([HARD]).clean(done.stdout).split()
    assert [part.strip(b"$'\"=") for part in quotes] == [MASK] * 8
    assert MASK in Redactor([HARD]).clean(done.stderr)
    assert b"tag" not in Redactor([HARD]).clean(done.stderr)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("od -Ax -tx1z", b"000000 #\n000023\n"),
        ("od -tx1", b"0000000 #\n0000043\n"),
        ("od -c", b"0000000   #\n0000043\n"),
        ("xxd", b"00000000: #\n"),
        ("xxd -i", b"  0x#\n"),
        ("hexdump -C", b"00000000  #\n00000023\n"),
        ("iconv -f UTF-8 -t UTF-16LE", b"#"),
        ("iconv -f UTF-8 -t UTF-16BE", b"\0#"),
    ],
)
def test_dumps_are_masked_with_their_column_of_text(command: str, shown: bytes) -> None:
    """Rows, addresses and the text beside leave nothing of a secret, wherever a chunk ends."""
    argv = command.split()
    if shutil.which(argv[0]) is None:
        pytest.skip(f"needs {argv[0]}")
    dump = subprocess.run(argv, input=HARD.encode(), capture_output=True, check=True).stdout
    redactor = Redactor([HARD])
    wanted = shown.replace(b"#", MASK)
    assert redactor.clean(dump) == wanted
    for cut in range(len(dump)):
        stream = redactor.stream()
        assert stream.feed(dump[:cut]) + stream.feed(dump[cut:]) + stream.end() == wanted
    stream = redactor.stream()
    assert b"".join(stream.feed(dump[at : at + 1]) for at in range(len(dump))) + stream.end() == wanted


def test_a_long_secret_is_masked_in_a_dump_that_comes_in_pieces() -> None:
    """However far its rows part its bytes, the beginning is held until the end has come; other bytes behind it stay."""
    secret = os.urandom(1_000).hex()
    dump = subprocess.run(["od", "-Ax", "-tx1z"], input=secret.encode(), capture_output=True, check=True).stdout
    stream = Redactor([secret]).stream()
    pieces = [stream.feed(dump[at : at + 100]) for at in range(0, len(dump), 100)]
    assert b"".join(pieces) + stream.end() == b"000000 " + MASK + b"\n0007d0\n"
    assert Redactor(["hunter22"]).clean(b"hunter22".hex(" ").encode() + b" 41 42") == MASK + b" 41 42"


def test_the_row_in_which_a_secret_ends_shows_nothing_of_it() -> None:
    """Also where more bytes follow in it, whose digits are capitals."""
    row = b"00000010: 7365 6372 6574 21EF  secret!.\n"
    assert Redactor(["secret!"]).clean(row) == b"00000010: " + MASK + b"\n"


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
        ("first line of a key\nsecond line of a key", b"second line of a key"),
        ("first line of a key\nsecond line of a key", b"first line of a key\r\nsecond line of a key"),
        ("first line of a key\nsecond line of a key", b"first line of a key\\nsecond line of a key"),
        ("a/path/like/thing&x", quote("a/path/like/thing&x").encode()),
        ("bytes \udcff\udc80 of no text", b"bytes \xff\x80 of no text"),
        ("bytes \udcff\udc80 of no text", b"bytes \\377\\200 of no text"),
        ("abc", b"YWJj"),
        ("ab&", b"ab&"),
        ("ab&", b"ab&amp;"),
        ("abcd", b"YWJjZA"),
        ("abcd", b"YWJjZH"),
    ],
)
def test_lines_odd_bytes_and_short_secrets_are_masked(secret: str, form: bytes) -> None:
    """Lines of a key, bytes that are no text, and the shortest secrets, also where nothing follows."""
    redactor = Redactor([secret])
    assert redactor.clean(b"<" + form + b">") == b"<" + MASK + b">"
    assert redactor.clean(form) == MASK


def test_secrets_that_overlap_are_masked_as_one() -> None:
    """One that is inside another, and two that share bytes, leave nothing of either, however they come."""
    redactor = Redactor(["abcXYZ", "XYZdef", "bcXY"])
    stream = redactor.stream()
    assert redactor.clean(b"<abcXYZdef>") == b"<" + MASK + b">"
    assert stream.feed(b"<abcXYZ") + stream.feed(b"d") + stream.feed(b"ef>") + stream.end() == b"<" + MASK + b">"


def test_a_flood_of_secrets_that_overlap_is_not_held() -> None:
    """Where one begins before the other ends, again and again, what is masked is shown as it comes."""
    stream = Redactor(["abcabc", "cabcab"]).stream()
    assert b"".join(stream.feed(b"abc" * 100) for _ in range(10)).startswith(MASK)


def test_a_long_secret_takes_neither_memory_nor_time_of_its_square() -> None:
    """The largest secret that is accepted is known, found in chunks, and found in base64."""
    secret = os.urandom(8_000).hex()
    redactor = Redactor([secret])
    stream, data = redactor.stream(), f"<{secret}>".encode()
    assert b"".join([stream.feed(data[at : at + 3000]) for at in range(0, len(data), 3000)]) == b"<" + MASK + b">"
    assert MASK in redactor.clean(base64.encodebytes(b"x" + data))


def test_a_secret_is_learnt_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many parts of a run mask the same, what is known of it is worked out a single time."""
    learnt: list[str] = []

    def watched(secret: str) -> set[Written]:
        learnt.append(secret)
        return notations(secret)

    monkeypatch.setattr(quarry, "notations", watched)
    assert {Redactor(["learnt-but-once"]).clean(b"learnt-but-once") for _ in range(3)} == {MASK}
    assert learnt == ["learnt-but-once"]
