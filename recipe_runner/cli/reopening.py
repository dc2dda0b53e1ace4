"""Opening a run that was begun before, for the verbs that go on with it or roll it back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from recipe_runner.cli import options, surroundings, tables
from recipe_runner.cli.given import secret_values
from recipe_runner.cli.options import F, grouped
from recipe_runner.cli.signing import signer
from recipe_runner.cli.verbs import PATH
from recipe_runner.engine.events import Genesis
from recipe_runner.engine.history import History
from recipe_runner.engine.plan import Plan, plan
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.engine.values import Ask, resolve
from recipe_runner.errors import UnmetError, UsageError, VerificationError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.signers.signer import Aside, Signer
from recipe_runner.journal.store.blobs import DIRECTORY
from recipe_runner.journal.store.journal import Journal
from recipe_runner.language.parse import load
from recipe_runner.sanitise import line

FindSigner = Callable[[str | None], Signer | None]


@dataclass(frozen=True, slots=True)
class Reopening:
    """With what a run is opened again: where its recipe and that one's includes are now, secrets, a key to sign."""

    recipe: Path | None
    includes: tuple[Path, ...]
    secrets: tuple[str, ...]
    key: str | None

    @staticmethod
    def options(function: F) -> F:
        """Add the options for it; the function gets them as `reopening`."""
        return grouped(
            function,
            "reopening",
            Reopening,
            click.option("--recipe", type=PATH, metavar="FILE", help="Where the recipe is now, if it was moved."),
            options.including,
            options.secret,
            click.option("--key", metavar="KEY", help="Sign with this key; default: the one that signed so far."),
        )

    def finder(self, aside: Aside) -> FindSigner:
        """Return how a run finds its signer: the key that is named, else the one that sealed so far."""
        return lambda sealed_by: signer(self.key or sealed_by, aside, no_sign=sealed_by is None)


@dataclass(frozen=True, slots=True)
class Reopened:
    """A run's journal, held open, and everything that is known of the run."""

    journal: Journal
    history: History
    first: Genesis
    plan: Plan
    state: ShellState
    away: dict[str, ShellState]
    environ: dict[str, str]

    def check_directory(self) -> None:
        """Raise UnmetError where the directory in which the next step would work is not on this machine.

        Found out here, it costs no attempt and no approval.
        """
        directory = self.state.directory
        try:
            there = directory is None or Path(directory).is_dir()
        except OSError:
            there = False
        if not there:
            raise UnmetError.because(
                f"the steps work in `{line(directory or '')}`, which is not here",
                hint="make that directory, with what earlier steps left in it, or go on where it is",
            )


@contextmanager
def reopened(
    run: Path, reopening: Reopening, find_signer: FindSigner, ask: Ask | None, policy: Policy | None
) -> Iterator[Reopened]:
    """Lock and read a run, and bring it together with its recipe as that is now.

    Raises what `Journal.reopen`, `load`, `resolve` and `plan` raise.
    """
    with Journal.reopen(run, find_signer, policy) as journal:
        history = History.of(journal.past)
        first = history.genesis
        if first is None:
            raise UsageError.because(f"`{run}` is not a run: its journal has no beginning")
        _check_names(first)
        where = reopening.recipe or Path(first.recipe["path"])
        if not where.exists():
            text = run / DIRECTORY / first.recipe["sha256"]
            raise UsageError.because(
                f"the recipe `{where}` is gone",
                hint=f"say where it is now: --recipe FILE; the run kept its text as `{text}`",
            )
        parsed = load(where, reopening.includes)
        actions = tables.used_actions(parsed)
        tables.refuse_faults(parsed)
        environ = surroundings.environment()
        kept = {name: value for name, value in first.params.items() if parsed.parameter(name)}
        kept |= secret_values(reopening.secrets, parsed.params, environ)
        values = resolve(parsed.params, given={}, file=kept, environ=environ, ask=ask)
        planned = plan(parsed, values, actions=actions, preconditions=kinds())
        state = ShellState(directory=first.directory)
        if history.state_blob:
            state = ShellState.from_bytes(journal.blob(history.state_blob["sha256"]))
            state = replace(state, directory=state.directory or first.directory)
        away = {host: ShellState.from_bytes(journal.blob(blob["sha256"])) for host, blob in history.away_blobs.items()}
        yield Reopened(journal, history, first, planned, state, away, environ)


class _Document(msgspec.Struct):
    path: str
    sha256: str


class _Step(msgspec.Struct):
    id: str
    sha256: str


def _check_names(first: Genesis) -> None:
    """Raise VerificationError where a first record does not name recipe, includes and steps, as no runner writes it."""
    try:
        msgspec.convert([first.recipe, *first.includes], list[_Document])
        msgspec.convert(first.steps, list[_Step])
    except msgspec.ValidationError as error:
        raise VerificationError.because(
            "the journal's first record does not say which recipe it is about",
            hint="see what `recipe verify` says; this run cannot go on",
        ) from error


def differences(found: Reopened) -> list[str]:
    """Return, as one unified diff a file, how the recipe and what it includes differ from when the run began.

    Included files are told apart by where they are from the recipe, so that all of them may have been moved.
    """
    documents = (found.first.recipe, *found.first.includes)
    then = [(entry["path"], found.journal.blob(entry["sha256"])) for entry in documents]
    now = [(str(Path(source.path).absolute()), source.data) for source in found.plan.recipe.sources]
    before, after = _by_place(then), _by_place(now)
    return [
        "\n".join(unified_diff(old, new, f"{name} then", f"{name} now", lineterm=""))
        for name in dict.fromkeys((*before, *after))
        if (old := before.get(name, [])) != (new := after.get(name, []))
    ]


def _by_place(documents: Sequence[tuple[str, bytes]]) -> dict[str, list[str]]:
    """Return the lines of the recipe, called so, and of what it includes by their paths from it."""
    home = Path(documents[0][0]).parent
    named = ("recipe" if path == documents[0][0] else line(os.path.relpath(path, home)) for path, _ in documents)
    return dict(zip(named, (data.decode("utf-8", "replace").splitlines() for _, data in documents), strict=True))


def rolls_another_back(found: Reopened, run: Path) -> UsageError:
    """Say that a run only rolls another one back, and how to go on with that."""
    return UsageError.because(
        f"run `{found.first.run}` rolls run `{found.first.undoes}` back", hint=f"go on with `recipe undo {run}`"
    )
