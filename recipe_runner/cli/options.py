"""What the verbs that run a recipe have in common on their command lines."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from recipe_runner.cli.verbs import PATH
from recipe_runner.console.prompt import ConsoleOperator, ask_parameter
from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView, View
from recipe_runner.engine.answers import AnswersOperator, YesOperator
from recipe_runner.engine.approval import Demand
from recipe_runner.engine.course import Course, check_course
from recipe_runner.engine.events import Genesis
from recipe_runner.engine.operator import Operator
from recipe_runner.engine.plan import Plan
from recipe_runner.engine.secret import read_secret
from recipe_runner.engine.values import Ask
from recipe_runner.errors import Diagnostic, UnmetError, UsageError
from recipe_runner.journal.records.sealing import Sealing
from recipe_runner.journal.signers.find import find_signer
from recipe_runner.journal.signers.signer import Aside, Signer
from recipe_runner.journal.store.journal import Journal
from recipe_runner.language.durations import parse_duration
from recipe_runner.language.mapping import read_mapping
from recipe_runner.language.parameters import Parameter
from recipe_runner.language.suggestions import suggest
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from recipe_runner.journal.desk import Desk
    from recipe_runner.journal.policy import Policy
    from recipe_runner.journal.witness.base import TrustedWitness

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers a session's questions, and in which form it is shown."""

    yes: bool
    accept: tuple[str, ...]
    answers: Path | None
    plain: bool
    silent: bool
    as_json: bool
    roles: tuple[str, ...]

    def mode(self) -> str:
        """Name who answers, as the journal records it; raises UsageError where nobody can."""
        if self.yes and self.answers:
            raise UsageError.because("--yes and --answers exclude each other", hint="give one of them")
        if not (self.yes or self.answers or self._person()):
            why = "--json leaves nobody to ask" if self.as_json else "there is no terminal, so nobody can be asked"
            raise UsageError.because(why, hint="add --yes, or --answers FILE, or run at a terminal")
        return "yes" if self.yes else "answers" if self.answers else "ask"

    def operator(self, view: View, plan: Plan) -> Operator:
        """Make the operator that the options ask for; raises UsageError where one names a step that is not there."""
        check_course(Course(only=frozenset(self.accept)), [planned.step.id for planned in plan.steps])
        if self.answers:
            return AnswersOperator.from_data(read_mapping(self.answers), str(self.answers))
        console = ConsoleOperator(view) if isinstance(view, RunView) and at_terminal() else None
        if self.yes or console is None:
            return YesOperator(frozenset(self.accept), console)
        return console

    def asker(self, terminal: Terminal) -> Ask | None:
        """Return the function that asks for parameters, or None where nobody can or should be asked."""
        if self.yes or self.answers or not self._person():
            return None
        return lambda parameter, complaint: ask_parameter(terminal, parameter, complaint)

    def _person(self) -> bool:
        return at_terminal() and not self.as_json


@dataclass(frozen=True, slots=True)
class Coursing:
    """Which part of the recipe to run."""

    begin: str | None
    until: str | None
    only: tuple[str, ...]

    def course(self, plan: Plan) -> Course:
        """Return the course; raises UsageError for steps that the plan does not have."""
        course = Course(self.begin, self.until, frozenset(self.only))
        check_course(course, [planned.step.id for planned in plan.steps])
        return course


@dataclass(frozen=True, slots=True)
class Demanding:
    """What a policy demands of a run, if there is one: who may run it and approve its steps, and which witnesses."""

    policy: Policy | None

    def demands(self) -> Mapping[str, Demand]:
        """Return what the policy wants approved besides what the recipe asks for."""
        return self.policy.approvals if self.policy else {}

    def witnesses(self) -> Sequence[TrustedWitness]:
        """Return the witnesses that the policy knows."""
        return self.policy.witnesses if self.policy else ()

    def check(self, signer: Signer | None, first: Genesis, acting: Collection[str]) -> None:
        """Raise UnmetError with every reason why the policy would not vouch for this signer running this."""
        if self.policy is None:
            return
        faults = list(self.policy.objections(first))
        if signer is None or signer.primary not in self.policy.primaries:
            faults.append(f"the policy does not allow {f'key `{signer.primary}`' if signer else 'an unsigned run'}")
        elif not self.policy.has(signer.primary, acting):
            named = ", ".join(f"`{line(role)}`" for role in acting)
            faults.append(f"the policy does not give {named} to `{signer.primary}`")
        if faults:
            raise UnmetError(*(Diagnostic(fault) for fault in faults))

    def desk(
        self, gated: Collection[str], journal: Journal, lifetime: timedelta, given: Sequence[Path] = ()
    ) -> Desk | None:
        """Return where approvals of the `gated` steps come from.

        None where there are no such steps and none is given, and in an unsigned run, which cannot have any.
        """
        signer = journal.signer
        if signer is None or not (gated or given):
            return None
        from recipe_runner.journal.desk import Desk  # noqa: PLC0415 - most runs start without

        return Desk(journal, signer, self.policy, lifetime, given)


def demanding(function: F) -> F:
    """Add the option that names a policy; the function gets it as `demanding`."""
    return _grouped(
        function,
        "demanding",
        Demanding,
        click.option(
            "--policy",
            type=PATH,
            callback=_policy,
            metavar="FILE",
            help="Who may run this, and who may approve its steps.",
        ),
    )


def _policy(_: click.Context, __: click.Parameter, path: Path | None) -> Policy | None:
    if path is None:
        return None
    from recipe_runner.journal.policy import Policy  # noqa: PLC0415 - most runs start without

    return Policy.load(path)


def expiring(function: F) -> F:
    """Add the option that says how long a request for approvals stays open."""
    return click.option(
        "--approval-expiry",
        type=DurationType(),
        default="24h",
        show_default=True,
        metavar="DURATION",
        help="How long a request for approvals stays open.",
    )(function)


class DurationType(click.ParamType[timedelta]):
    """A length of time as recipes write it."""

    name = "duration"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it; what is none ends the program with a message."""
        if isinstance(value, timedelta):
            return value
        try:
            duration = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not duration:
            self.fail("found no time at all", param, ctx)
        return duration


def plain(function: F) -> F:
    """Add the option for those who want text alone."""
    return click.option("--plain", is_flag=True, help="No colour, no drawing: for screen readers and logs.")(function)


def answering(function: F) -> F:
    """Add the options that say who answers; the function gets them as `answering`."""
    return _grouped(
        function,
        "answering",
        Answering,
        click.option("--yes", is_flag=True, help="Answer yes by itself, except at points of no return."),
        click.option("--accept", multiple=True, metavar="ID", help="With --yes: pass this point of no return."),
        click.option("--answers", type=PATH, metavar="FILE", help="Take the answers from a YAML file."),
        click.option("--role", "roles", multiple=True, metavar="NAME", help="Act in this role; may be repeated."),
        plain,
        click.option(
            "--silent", is_flag=True, envvar="RECIPE_SILENT", help="No bell and no notification after long work."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one event a line, for other programs."),
    )


def coursing(function: F) -> F:
    """Add the options that choose steps; the function gets them as `course`."""
    return _grouped(
        function,
        "course",
        Coursing,
        click.option("--from", "begin", metavar="ID", help="Leave out the steps before this one, on record."),
        click.option("--until", metavar="ID", help="Stop behind this step; resume goes on."),
        click.option("--only", multiple=True, metavar="ID", help="Run only this step; may be repeated."),
    )


def witnessing(function: F) -> F:
    """Add the option that says who is told how far the journal has come."""
    return click.option(
        "--witness",
        "witnesses",
        multiple=True,
        envvar="RECIPE_WITNESSES",
        metavar="KIND=ADDRESS",
        help="Have the journal's head attested by tsa=URL, git=URL#BRANCH or s3=s3://BUCKET/PREFIX; may be repeated.",
    )(function)


def signing(function: F) -> F:
    """Add the options that say who signs."""
    for option in (
        click.option("--seal", metavar="HOW", help="`every` record (the default), or at a `checkpoint` only."),
        click.option("--no-sign", is_flag=True, help="Write an unsigned journal; nobody can trust it."),
        click.option("--key", metavar="KEY", help="Sign with this key; default: the only OpenPGP key that can."),
    ):
        function = option(function)
    return function


def _grouped(function: F, name: str, group: type[Any], *options: Callable[[Any], Any]) -> F:
    """Collect options into one value, so that verbs pass it on whole."""
    fields = [field.name for field in dataclasses.fields(group)]

    @functools.wraps(function)
    def wrapper(**given: Any) -> Any:  # noqa: ANN401 - click's own
        mine = {field: given.pop(field) for field in fields}
        return function(**given, **{name: group(**mine)})

    for option in reversed(options):
        wrapper = option(wrapper)
    return cast("F", wrapper)


def at_terminal() -> bool:
    """Say whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def signer(*, key: str | None, no_sign: bool, aside: Aside | None = None) -> Signer | None:
    """Find the key that signs; raises UsageError, or UnmetError where it cannot sign."""
    if key and no_sign:
        raise UsageError.because("--key and --no-sign exclude each other", hint="give one of them")
    return None if no_sign else find_signer(key, aside=aside)


def sealing(text: str | None, plan: Plan, *, no_sign: bool, gated: Collection[str] = ()) -> Sealing:
    """Return how a run of the plan is sealed, `gated` steps at once; raises UsageError."""
    if text is not None and no_sign:
        raise UsageError.because("--seal and --no-sign exclude each other", hint="give one of them")
    attributes = {planned.step.id: planned.step.attributes for planned in plan.steps}
    gates = (step for step, its in attributes.items() if its.irreversible or its.approve or step in gated)
    return Sealing.read(text or "every", gates)


def assignments(texts: Sequence[str]) -> Mapping[str, str]:
    """Read `name=value` options; raises UsageError."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError.because(f"`{name}` is not followed by `=` and a value", hint="write name=value")
        values[name] = value
    return values


def including(function: F) -> F:
    """Add the option that widens where includes may come from."""
    return click.option(
        "--includes",
        multiple=True,
        type=PATH,
        metavar="DIR",
        help="Also allow includes from below this directory; may be repeated.",
    )(function)


def secret(function: F) -> F:
    """Add the option that says where secrets come from."""
    return click.option(
        "--secret",
        "secrets",
        multiple=True,
        metavar="NAME=SOURCE",
        help="Read a secret from fd:N, file:PATH, env:NAME or command:PROGRAM…",
    )(function)


def secret_values(texts: Sequence[str], parameters: Sequence[Parameter], environ: Mapping[str, str]) -> dict[str, str]:
    """Read the secrets that `--secret` names; raises UsageError, also for a parameter that is none."""
    known = {parameter.name for parameter in parameters if parameter.type == "secret"}
    values: dict[str, str] = {}
    for name, source in assignments(texts).items():
        if name not in known:
            raise UsageError.because(f"the recipe has no secret `{name}`", hint=suggest(name, known, what="secret"))
        values[name] = read_secret(name, source, environ)
    return values


def environment() -> dict[str, str]:
    """Return the environment for steps and preconditions: ours, with this very command on the path.

    At a terminal `GPG_TTY` names it, for gpg's pinentry.
    """
    environ = dict(os.environ)
    if shutil.which("recipe") is None:
        environ["PATH"] = f"{Path(sys.argv[0]).absolute().parent}:{environ.get('PATH', os.defpath)}"
    if at_terminal():
        environ["GPG_TTY"] = os.ttyname(sys.stdin.fileno())
    return environ


def runs_directory(runs: Path | None) -> Path:
    """Return where the journals go; raises UsageError where that is no directory."""
    directory = runs or default_runs()
    if directory.exists() and not directory.is_dir():
        raise UsageError.because(f"`{directory}` is not a directory", hint="give --runs a directory, new or old")
    return directory


def default_runs() -> Path:
    """Return where journals go unless `--runs` says otherwise (XDG Base Directory: state)."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local/state") / "recipe-runner" / "runs"
