"""Other machines: what answers over http, and what can be reached by ssh."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from recipe_runner.engine.preconditions.base import Finding, Precondition, World
from recipe_runner.engine.preconditions.probe import ask
from recipe_runner.engine.preconditions.web import Url, fetch, shortfalls
from recipe_runner.language.duration_field import Duration

SSH = ("ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=1")


class Http(Precondition):
    """A web address answers as wanted."""

    kind: ClassVar[str] = "http"
    summary: ClassVar[str] = "a web address answers with a status and JSON values"

    http: Url
    status: int = Field(200, ge=100, le=599, description="after redirects, unless it is itself a redirect's")
    json_: dict[str, str] = Field(
        default_factory=dict, alias="json", description="values by dotted path: `release.0.name`"
    )
    timeout: Duration = Field(timedelta(seconds=10), gt=timedelta(0))

    @override
    def text(self) -> str:
        values = "".join(f", `{path}` is `{value}`" for path, value in self.json_.items())
        return f"`{self.http}` answers {self.status}{values}"

    @override
    def limit(self) -> float:
        return 3 * self.timeout.total_seconds()

    @override
    def evaluate(self, world: World) -> Finding:
        follow = not 300 <= self.status < 400  # noqa: PLR2004 (the class of redirects, RFC 9110)
        response = fetch(self.http, timeout=self.timeout.total_seconds(), follow=follow)
        faults = shortfalls(response, status=self.status, values=self.json_)
        moved = "" if response.url == self.http else f" from {response.url}"
        return Finding(met=not faults, detail="; ".join(faults) or f"answered {response.status}{moved}")


class Host(Precondition):
    """A host lets the operator in by ssh without asking anything: its key is known, and theirs is accepted."""

    kind: ClassVar[str] = "host"
    summary: ClassVar[str] = "a host can be reached by ssh"

    host: str = Field(
        pattern=r"^[A-Za-z0-9_\[][A-Za-z0-9_.:@%/\[\]+-]*$",
        description="as ssh(1) takes it: a name of ssh_config(5), `user@name` or `ssh://user@name:port`",
    )

    @override
    def text(self) -> str:
        return f"host `{self.host}` reachable by ssh"

    @override
    def evaluate(self, world: World) -> Finding:
        answer = ask((*SSH, "--", self.host, "true"), world)
        if answer.code == 0:
            return Finding(met=True, detail="reached")
        return Finding(
            met=False,
            detail=answer.last_line() or f"ssh ended with exit code {answer.code}",
            hint=f"make `ssh -o BatchMode=yes {self.host} true` work",
        )
