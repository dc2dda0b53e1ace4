"""Opening a run that was begun before, for the verbs that go on with it or roll it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from recipe_runner.cli import options, tables
from recipe_runner.engine.events import Genesis
from recipe_runner.engine.history import History
from recipe_runner.engine.plan import Plan, plan
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.engine.shell import ShellState
from recipe_runner.engine.values import Ask, resolve
from recipe_runner.errors import UsageError
from recipe_runner.journal.signer import Aside, Signer
from recipe_runner.journal.store import Journal
from recipe_runner.language.parse import load, survey

FindSigner = Callable[[str | None], Signer | None]


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


@contextmanager
def reopened(
    run: Path,
    recipe: Path | None,
    find_signer: FindSigner,
    ask: Ask | None,
    secrets: Sequence[str],
    includes: Sequence[Path],
) -> Iterator[Reopened]:
    """Lock and read a run, and bring it together with its recipe as that is now.

    Raises what `Journal.reopen`, `load`, `resolve` and `plan` raise.
    """
    with Journal.reopen(run, find_signer) as journal:
        history = History.of(journal.past)
        first = history.genesis
        if first is None:
            raise UsageError.because(f"`{run}` is not a run: its journal has no beginning")
        where = recipe or Path(first.recipe["path"])
        if not where.exists():
            raise UsageError.because(f"the recipe `{where}` is gone", hint="say where it is now: --recipe FILE")
        parsed = load(where, includes)
        actions = tables.used_actions(parsed)
        tables.refuse_faults(parsed)
        environ = options.environment()
        kept = {name: value for name, value in first.params.items() if parsed.parameter(name)}
        kept |= options.secret_values(secrets, parsed.params, environ)
        values = resolve(parsed.params, given={}, file=kept, environ=environ, ask=ask)
        planned = plan(parsed, values, actions=actions, preconditions=kinds())
        state = ShellState(directory=first.directory)
        if history.state_blob:
            state = ShellState.from_bytes(journal.blob(history.state_blob["sha256"]))
        away = {host: ShellState.from_bytes(journal.blob(blob["sha256"])) for host, blob in history.away_blobs.items()}
        yield Reopened(journal, history, first, planned, state, away, environ)


def differences(found: Reopened) -> list[str]:
    """Return, as unified diffs, how the steps differ from the recipe that the run began with."""
    kept = {entry["path"]: entry["sha256"] for entry in (found.first.recipe, *found.first.includes)}

    def read(path: str) -> bytes:
        return found.journal.blob(kept[str(Path(path).absolute())])

    old, _ = survey(found.first.recipe["path"], read(found.first.recipe["path"]), read=read, outward=True)
    before = {step.id: step.source.splitlines() for step in old.steps}
    after = {planned.step.id: planned.step.source.splitlines() for planned in found.plan.steps}
    return [
        "\n".join(unified_diff(before.get(step, []), after.get(step, []), f"{step} then", f"{step} now", lineterm=""))
        for step in dict.fromkeys((*before, *after))
        if before.get(step) != after.get(step)
    ]


def rolls_another_back(found: Reopened, run: Path) -> UsageError:
    """Say that a run only rolls another one back, and how to go on with that."""
    return UsageError.because(
        f"run `{found.first.run}` rolls run `{found.first.undoes}` back",
        hint=f"go on with `recipe undo {run.absolute().parent / str(found.first.undoes)}`",
    )


def sealing_as_before(key: str | None, aside: Aside | None = None) -> FindSigner:
    """Return how a run finds its signer: the key that is named, else the one that sealed so far."""
    return lambda sealed_by: options.signer(key=key or sealed_by, no_sign=sealed_by is None, aside=aside)
