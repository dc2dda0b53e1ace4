"""Asking a web address and comparing its answer: for the precondition `http` and the action `http.check`."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Annotated, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from pydantic import AfterValidator

from recipe_runner import __version__
from recipe_runner.errors import RecipeError

LARGEST = 8 * 1024 * 1024
"""Bytes of a body that are read; a longer one is cut and said to be."""


def address(text: str) -> str:
    """Return a web address as it is; raises ValueError where the text is none."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not re.fullmatch(r"[!-~]+", text):
        raise ValueError(f"found `{text}`, wanted a web address that begins with `http://` or `https://`")
    if parts.username is not None:
        raise ValueError("a web address must not carry a user name or password")
    return text


Url = Annotated[str, AfterValidator(address)]


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, after redirects: `url` is the address that answered, `body` at most `LARGEST` bytes."""

    url: str
    status: int
    body: bytes
    whole: bool


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent to an address, and its media type."""

    data: bytes
    media: str


def fetch(url: str, *, timeout: float, follow: bool = True, post: Post | None = None) -> Response:
    """GET an address, or POST something to it; any status is an answer.

    `timeout` is in seconds, for each wait on the network and for the whole body. Only http and https are spoken, also
    after a redirect. Raises RecipeError where no answer can be had.
    """
    deadline = time.monotonic() + timeout
    try:
        with _open(url, timeout, follow=follow, post=post) as reply:
            body = bytearray()
            while len(body) <= LARGEST and (data := reply.read1(65_536)):
                body += data
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the answer was not over after {timeout:g} s")
            return Response(reply.url, reply.status or 0, bytes(body[:LARGEST]), whole=len(body) <= LARGEST)
    except (OSError, HTTPException, ValueError) as error:
        raise RecipeError.because(f"`{url}` does not answer: {_reason(error)}") from error


def shortfalls(
    response: Response, *, status: int, contains: str | None = None, values: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return what the answer lacks, a line each: the status, a text in the body, JSON values at dotted paths."""
    if response.status != status:
        return (f"answered with status {response.status} instead of {status}",)
    faults = []
    if contains is not None and contains.encode() not in response.body:
        faults.append(f"the answer does not contain `{contains}`")
    if values:
        faults += _differences(response, values)
    return tuple(faults)


def _differences(response: Response, values: Mapping[str, str]) -> list[str]:
    if not response.whole:
        return [f"the answer is longer than {LARGEST} bytes"]
    try:
        document = json.loads(response.body, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return ["the answer is not JSON"]
    found = {path: _at(document, path) for path in values}
    return [
        f"`{path}` is not there" if found[path] is None else f"`{path}` is `{found[path]}` instead of `{want}`"
        for path, want in values.items()
        if found[path] != want
    ]


def _at(document: object, path: str) -> str | None:
    """Return the value at a path such as `items.0.name` as text, numbers as they were written; None for none."""
    value = document
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value if isinstance(value, str) else json.dumps(value)


def _open(url: str, timeout: float, *, follow: bool, post: Post | None) -> HTTPResponse | HTTPError:
    """Open with the handlers for http and https alone: urllib's usual set would follow a redirect to ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        *([urllib.request.HTTPRedirectHandler()] if follow else []),
    ):
        opener.add_handler(handler)
    headers = {"User-Agent": f"recipe-runner/{__version__}", **({"Content-Type": post.media} if post else {})}
    request = urllib.request.Request(url, post.data if post else None, headers)  # noqa: S310 (`Url`)
    try:
        return cast("HTTPResponse", opener.open(request, timeout=timeout))
    except HTTPError as error:
        return error


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return str(reason) or type(reason).__name__
