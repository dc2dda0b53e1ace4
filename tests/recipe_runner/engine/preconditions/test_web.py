from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from recipe_runner import __version__
from recipe_runner.engine.preconditions.web import LARGEST, Response, Url, fetch, shortfalls
from recipe_runner.errors import RecipeError
from tests.recipe_runner.engine.preconditions.loopback import Site, loopback

texts = st.text(st.characters(exclude_characters=".", codec="utf-8"), min_size=1)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Serve a site for all tests of this module."""
    with loopback() as site:
        yield site


def answer(document: object) -> Response:
    """Return an answer whose body is JSON."""
    return Response("http://x/", 200, json.dumps(document).encode(), whole=True)


def test_an_answer(site: Site) -> None:
    """Status, address and body of an answer are returned, and the server learns who asked."""
    url = site.put("/page", b"hello")
    assert fetch(url, timeout=10) == Response(url, 200, b"hello", whole=True)
    assert site.agents == {f"recipe-runner/{__version__}"}


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_status_is_an_answer(site: Site, status: int) -> None:
    """A status that means an error is an answer like another."""
    url = site.put(f"/{status}", b"sorry", statuses=[status])
    assert fetch(url, timeout=10) == Response(url, status, b"sorry", whole=True)


def test_redirects_are_followed_on_request(site: Site) -> None:
    """A redirect is followed to where it leads, or is itself the answer."""
    there = site.put("/there", b"here")
    moved = site.put("/moved", statuses=[302], Location="/there")
    assert fetch(moved, timeout=10).url == there
    assert fetch(moved, timeout=10, follow=False).status == 302


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/"])
def test_redirects_to_other_protocols_are_refused(site: Site, target: str) -> None:
    """A server cannot send the runner to a file or to another protocol."""
    url = site.put("/astray", b"no", statuses=[302], Location=target)
    try:
        found = shortfalls(fetch(url, timeout=10), status=200)
    except RecipeError as error:
        found = tuple(fault.message for fault in error.diagnostics)
    assert len(found) == 1


def test_endless_redirects_end(site: Site) -> None:
    """A redirect to itself ends after a while, as an answer that is not the wanted one."""
    url = site.put("/loop", statuses=[302], Location="/loop")
    assert shortfalls(fetch(url, timeout=10), status=200)


def test_a_long_answer_is_cut(site: Site) -> None:
    """No more than the limit is read, and the rest is said to be missing."""
    url = site.put("/long", b"x" * (LARGEST + 1))
    response = fetch(url, timeout=30)
    assert (len(response.body), response.whole) == (LARGEST, False)
    assert shortfalls(response, status=200, values={"a": "b"}) == (f"the answer is longer than {LARGEST} bytes",)


@pytest.mark.parametrize("path", ["/silent", "/drip"])
def test_slow_servers_are_given_up(site: Site, path: str) -> None:
    """A server that says nothing, or never comes to an end, is given up when the time is over."""
    began = time.monotonic()
    with pytest.raises(RecipeError, match="does not answer"):
        fetch(f"{site.url}{path}", timeout=0.3)
    assert time.monotonic() - began < 10


def test_what_speaks_no_http(site: Site) -> None:
    """A server that speaks something else is a clear fault."""
    with pytest.raises(RecipeError, match="does not answer: what do you want"):
        fetch(f"{site.url}/rude", timeout=10)


def test_nobody_listens() -> None:
    """A port where nobody listens, and a name that does not exist, are clear faults."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(RecipeError, match="does not answer: connection refused"):
            fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/", timeout=10)
    with pytest.raises(RecipeError, match="does not answer"):
        fetch("http://no-such-host.invalid/", timeout=10)


def test_an_untrusted_certificate(site: Site) -> None:
    """Speaking TLS to a server that does not is a fault, not a fallback to plain text."""
    with pytest.raises(RecipeError, match="does not answer"):
        fetch(site.url.replace("http:", "https:"), timeout=10)


def test_values_by_path() -> None:
    """Dotted paths lead through objects and lists, and values compare as they are written in JSON."""
    document = {"name": "karmic", "serials": [{"n": 20091022, "x": 1.50, "ok": True, "end": None}]}
    wanted = {"name": "karmic", "serials.0.n": "20091022", "serials.0.ok": "true", "serials.0.end": "null"}
    assert shortfalls(answer(document), status=200, values=wanted) == ()
    raw = Response("http://x/", 200, b'{"version": 9.10}', whole=True)
    assert shortfalls(raw, status=200, values={"version": "9.10"}) == ()


def test_every_difference_is_named() -> None:
    """Wrong and missing values and missing text are all reported at once."""
    found = shortfalls(answer({"a": 1, "l": [1]}), status=200, contains="zzz", values={"a": "2", "b": "1", "l.1": "1"})
    assert found == (
        "the answer does not contain `zzz`",
        "`a` is `1` instead of `2`",
        "`b` is not there",
        "`l.1` is not there",
    )


def test_a_wrong_status_is_named_alone() -> None:
    """What an error page contains is not compared."""
    response = Response("http://x/", 404, b"not found", whole=True)
    found = shortfalls(response, status=200, contains="x", values={"a": "b"})
    assert found == ("answered with status 404 instead of 200",)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json(body: bytes) -> None:
    """An answer that is no JSON, or is nested absurdly deep, is a shortfall."""
    response = Response("http://x/", 200, body, whole=True)
    assert shortfalls(response, status=200, values={"a": "b"}) == ("the answer is not JSON",)


@given(st.dictionaries(texts, st.dictionaries(texts, st.one_of(texts, st.integers(-(2**70), 2**70)))))
def test_every_value_can_be_reached(document: dict[str, dict[str, str | int]]) -> None:
    """Whatever the document, each of its values is found at its path."""
    wanted = {f"{a}.{b}": str(value) for a, inner in document.items() for b, value in inner.items()}
    assert shortfalls(answer(document), status=200, values=wanted) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "file:///etc/passwd",
        "ftp://example.org/",
        "http://",
        "http://[::1",
        "http://example.org:99999/",
        "http://example.org/a b",
        "http://example.org/\r\nX: y",
        "http://user:secret@example.org/",
    ],
)
def test_other_addresses_are_refused(text: str) -> None:
    """Other schemes, no host, impossible ports, spaces, line ends and credentials are refused."""
    with pytest.raises(ValidationError):
        TypeAdapter(Url).validate_python(text)
