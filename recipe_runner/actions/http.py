"""`http.check`: ask a web address until it answers as wanted."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from recipe_runner import sanitise
from recipe_runner.engine.action import Outputs
from recipe_runner.engine.preconditions.web import Response, Url, fetch, shortfalls
from recipe_runner.errors import Diagnostic, RecipeError
from recipe_runner.language.duration_field import Duration
from recipe_runner.language.durations import format_duration

Seconds = Annotated[
    Duration, Field(gt=timedelta(0)), PlainSerializer(format_duration, return_type=str, when_used="json")
]
"""Written to JSON as it is read, since arguments go to the action's own process as JSON."""


class HttpCheckArguments(BaseModel):
    """What to ask and which answer is wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    url: Url
    status: int = Field(200, ge=100, le=599, description="after redirects, unless it is itself a redirect's")
    contains: str | None = Field(None, min_length=1, description="text that must be in the body")
    json_: dict[str, str] = Field(
        default_factory=dict, alias="json", description="values by dotted path: `release.0.name`"
    )
    timeout: Seconds = Field(timedelta(seconds=10), description="for one request")
    retries: int = Field(0, ge=0, description="how many more times to ask when the answer is not the wanted one")
    every: Seconds = Field(timedelta(seconds=5), description="the pause between two requests")


class HttpCheck:
    """Reads only, so that it may be repeated at any time."""

    name: ClassVar[str] = "http.check"
    summary: ClassVar[str] = "ask a web address until it answers as wanted"
    Arguments: ClassVar[type[HttpCheckArguments]] = HttpCheckArguments

    def run(self, arguments: HttpCheckArguments) -> Outputs:
        """Return `url` (after redirects) and `status`; raises RecipeError with what was amiss in the last answer."""
        for attempt in range(arguments.retries + 1):
            if attempt:
                time.sleep(arguments.every.total_seconds())
            response, faults = _ask(arguments)
            if response is not None and not faults:
                _say(f"{response.url} answered {response.status}")
                return {"url": response.url, "status": str(response.status)}
            for fault in faults:
                _say(f"attempt {attempt + 1} of {arguments.retries + 1}: {fault}")
        raise RecipeError(*(Diagnostic(fault) for fault in faults))

    def preview(self, arguments: HttpCheckArguments) -> Iterable[str]:
        """Say what would be asked and wanted."""
        yield f"GET {arguments.url}, wanted: status {arguments.status}"
        if arguments.contains is not None:
            yield f"the answer contains `{arguments.contains}`"
        for path, value in arguments.json_.items():
            yield f"`{path}` in the JSON answer is `{value}`"
        if arguments.retries:
            yield f"asked again every {format_duration(arguments.every)}, {arguments.retries} times at the most"


def _ask(arguments: HttpCheckArguments) -> tuple[Response | None, tuple[str, ...]]:
    follow = not 300 <= arguments.status < 400  # noqa: PLR2004 (the class of redirects, RFC 9110)
    try:
        response = fetch(arguments.url, timeout=arguments.timeout.total_seconds(), follow=follow)
    except RecipeError as error:
        return None, tuple(fault.message for fault in error.diagnostics)
    faults = shortfalls(response, status=arguments.status, contains=arguments.contains, values=arguments.json_)
    return response, tuple(f"`{response.url}`: {fault}" for fault in faults)


def _say(text: str) -> None:
    sys.stdout.write(f"{sanitise.line(text)}\n")
    sys.stdout.flush()
