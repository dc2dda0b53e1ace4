from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from recipe_runner.actions.http import HttpCheck, HttpCheckArguments
from recipe_runner.errors import RecipeError
from tests.recipe_runner.engine.preconditions.loopback import Site, loopback


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve a site for one test."""
    with loopback() as site:
        yield site


def check(url: str, **keys: Any) -> Any:
    """Run the action with arguments as a recipe writes them."""
    return HttpCheck().run(HttpCheckArguments.model_validate({"url": url, **keys}))


def test_the_wanted_answer_is_returned(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """The address that answered and its status are the outputs, and are printed as progress."""
    url = site.put("/page", b'{"state": "live", "say": "hello"}')
    moved = site.put("/moved", statuses=[302], Location="/page")
    assert check(moved, contains="hello", json={"state": "live"}) == {"url": url, "status": "200"}
    assert capsys.readouterr().out == f"{url} answered 200\n"


def test_it_asks_until_the_answer_is_right(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong answers are reported and asked again, and the right one ends the waiting."""
    url = site.put("/soon", b"ready", statuses=[503, 404, 200])
    assert check(url, retries="5", every="1s")["status"] == "200"
    assert site.asked == ["/soon"] * 3
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"attempt 1 of 6: `{url}`: answered with status 503 instead of 200",
        f"attempt 2 of 6: `{url}`: answered with status 404 instead of 200",
    ]


def test_it_gives_up_with_everything_that_is_amiss(site: Site) -> None:
    """After the last attempt the faults of the last answer are the failure."""
    url = site.put("/never", b'{"state": "draft"}')
    with pytest.raises(RecipeError) as caught:
        check(url, contains="live", json={"state": "live"}, retries="1", every="1s")
    assert [fault.message for fault in caught.value.diagnostics] == [
        f"`{url}`: the answer does not contain `live`",
        f"`{url}`: `state` is `draft` instead of `live`",
    ]
    assert len(site.asked) == 2


def test_an_unreachable_address_is_named_once(site: Site) -> None:
    """When nothing answers, the failure says so, with the address once."""
    with pytest.raises(RecipeError) as caught:
        check(f"{site.url}/silent", timeout="1s")
    message = caught.value.diagnostics[0].message
    assert message.count(site.url) == 1
    assert "does not answer" in message


def test_hostile_answers_do_not_reach_the_terminal(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes in what a server says are made visible."""
    url = site.put("/evil", b'{"state": "\\u001b[2J"}')
    with pytest.raises(RecipeError):
        check(url, json={"state": "live"})
    assert "\x1b" not in capsys.readouterr().out


def test_arguments_survive_the_way_to_the_child() -> None:
    """Arguments written as JSON are read back the same, since the action runs in a process of its own."""
    arguments = HttpCheckArguments.model_validate(
        {"url": "http://x/", "timeout": "90s", "every": "2m", "json": {"a.b": "c"}, "status": "201"}
    )
    assert HttpCheckArguments.model_validate_json(arguments.model_dump_json()) == arguments
    assert arguments.every == timedelta(minutes=2)


def test_preview_asks_nobody(site: Site) -> None:
    """A preview says what would be asked and wanted, and does not ask."""
    arguments = HttpCheckArguments.model_validate(
        {"url": f"{site.url}/", "contains": "x", "json": {"a": "b"}, "retries": "3", "every": "10s"}
    )
    assert list(HttpCheck().preview(arguments)) == [
        f"GET {site.url}/, wanted: status 200",
        "the answer contains `x`",
        "`a` in the JSON answer is `b`",
        "asked again every 10s, 3 times at the most",
    ]
    assert site.asked == []


@pytest.mark.parametrize(
    "keys",
    [{"url": "x"}, {"status": "1000"}, {"retries": "-1"}, {"every": "0s"}, {"contains": ""}, {"verify": "no"}],
)
def test_odd_arguments_are_refused(keys: dict[str, str]) -> None:
    """Addresses, statuses, counts, durations, texts and keys that make no sense are refused before anything runs."""
    with pytest.raises(ValidationError):
        HttpCheckArguments.model_validate({"url": "http://x/", **keys})


def test_the_action_is_in_the_table() -> None:
    """Recipes find the action by its name, without other modules of the project being loaded first."""
    code = "from recipe_runner.actions.table import load; print(type(load('http.check')).__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "HttpCheck\n"
