from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recipe_runner.engine.events import TYPES, Close, Event, Note, Output, Resume, StepEnd, StepStart
from recipe_runner.engine.history import History
from recipe_runner.errors import IncompleteError, UsageError
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.lines import LineError
from recipe_runner.journal.records.sealing import ALWAYS, EVERY, MINUTE, NONE, UNSEALED, Cadence, Due, Sealing
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.journal import Journal
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.runs import genesis

CHECKPOINTS = Sealing.read("checkpoint:3,5", ["gate"])


def steps(*names: str) -> list[Event]:
    """Return the events of steps that run to their ends."""
    return [
        event
        for name in names
        for event in (StepStart(step=name), Output(name, "stdout", b"x", 1), StepEnd(step=name, exit_code=0))
    ]


def write(run: Path, signer: GpgSigner, events: list[Event]) -> list[str]:
    """Write a run that is sealed at checkpoints and return the types of its records."""
    with Journal.create(run, genesis(), signer, sealing=CHECKPOINTS) as journal:
        for event in events:
            journal.record(event)
    return [record["t"] for record in forge.read(run)]


def due(cadence: Cadence, type_name: str, step: str | None, mono_ns: int) -> Due:
    """Return what a line wants once it is taken in."""
    cadence.take(type_name, step, mono_ns)
    return cadence.due


@pytest.mark.parametrize("type_name", [*TYPES, "approval", "request", "seal"])
def test_all_but_observations_are_sealed(type_name: str) -> None:
    """Where every record is sealed, only a precondition waits for the next seal; an unsigned run has none."""
    soon: Due = "soon" if type_name == "step_end" else "now"
    assert due(Cadence(EVERY), type_name, None, 0) == ("none" if type_name in UNSEALED else soon)
    assert due(Cadence(NONE), type_name, None, 0) == "none"
    assert due(Cadence(CHECKPOINTS), type_name, None, 0) == ("now" if type_name in ALWAYS else "none")


@pytest.mark.parametrize("type_name", [*TYPES, "approval", "request", "seal"])
def test_behind_a_result_comes_its_seal_or_an_intent(type_name: str) -> None:
    """Nothing else may stand between a result and what seals it, and the intent has its seal at once."""
    cadence = Cadence(Sealing("every", gates=frozenset({"gate"})))
    cadence.take("step_end", "a", 0)
    assert cadence.allows(type_name, "b") == (type_name in {"seal", "step_start"})
    assert not cadence.allows("step_start", "gate")
    cadence.take("step_start", "b", 0)
    assert cadence.allows(type_name, "b") == (type_name == "seal")


@pytest.mark.parametrize("type_name", [*TYPES, "approval", "request", "seal"])
def test_the_result_of_a_gate_has_a_seal_of_its_own(type_name: str) -> None:
    """What a point of no return came to is sealed before anything else, an intent too."""
    cadence = Cadence(Sealing("every", gates=frozenset({"gate"})))
    cadence.take("step_end", "gate", 0)
    assert cadence.allows(type_name, "b") == (type_name == "seal")


def test_a_checkpoint_comes_after_so_many_steps_and_so_much_time() -> None:
    """The third result, and the first record after five minutes, are sealed; a seal begins the count anew."""
    cadence = Cadence(CHECKPOINTS)
    cadence.take("seal", None, 7)
    assert [due(cadence, "step_end", "a", 8) for _ in range(3)] == ["none", "none", "now"]
    cadence.take("seal", None, 7)
    assert due(cadence, "note", None, 6 + 5 * MINUTE) == "none"
    assert due(cadence, "note", None, 7 + 5 * MINUTE) == "now"
    assert due(cadence, "precondition", None, 7 + 6 * MINUTE) == "none"


@pytest.mark.parametrize(
    "field",
    [
        "every",
        "none",
        {"gates": ["a", "b"]},
        {"steps": 10, "minutes": 15, "gates": []},
        {"steps": 1, "minutes": 1, "gates": ["a", "b"]},
    ],
)
def test_the_field_is_read_back(field: Any) -> None:
    """What genesis says of sealing is read and written in one form."""
    assert Sealing.of(field).to_field() == field


@pytest.mark.parametrize(
    "field",
    [
        None,
        "checkpoint",
        {},
        {"gates": []},
        {"gates": ["b", "a"]},
        {"gates": ["a"], "steps": 10},
        {"steps": 10, "minutes": 15},
        {"steps": 0, "minutes": 15, "gates": []},
        {"steps": 10, "minutes": -1, "gates": []},
        {"steps": True, "minutes": 15, "gates": []},
        {"steps": 10**9, "minutes": 15, "gates": []},
        {"steps": 10, "minutes": 15, "gates": ["b", "a"]},
        {"steps": 10, "minutes": 15, "gates": ["a", "a"]},
        {"steps": 10, "minutes": 15, "gates": [7]},
        {"steps": 10, "minutes": 15, "gates": [], "more": 1},
    ],
)
def test_no_other_way_of_sealing_is_known(field: Any) -> None:
    """A sealing that would hardly ever seal, or that is not in its one form, is refused."""
    with pytest.raises(LineError):
        Sealing.of(field)


@pytest.mark.parametrize("text", ["", "none", "checkpoints", "checkpoint:0,5", "checkpoint:5", "checkpoint:5,5m"])
def test_what_a_person_may_write(text: str) -> None:
    """Three forms are known; everything else is wrong usage, and a run without seals has its own option."""
    assert Sealing.read("checkpoint").to_field() == {"steps": 10, "minutes": 15, "gates": []}
    assert Sealing.read("every", ["b", "a"]).to_field() == {"gates": ["a", "b"]}
    with pytest.raises(UsageError):
        Sealing.read(text)


def test_a_run_with_few_seals_is_valid(run: Path, signer: GpgSigner, policy: Policy) -> None:
    """Beginning, both sides of a gate, the third result and the end are sealed, and that is enough."""
    events = [*steps("a", "gate", "b", "c", "d"), Note(text="x"), Close(outcome="done", done=5, skipped=0, total=5)]
    types = write(run, signer, events)
    sealed = [types[place - 1] for place, name in enumerate(types) if name == "seal"]
    assert sealed == ["genesis", "step_start", "step_end", "step_end", "close"]
    assert verify(run, policy).verdict is Verdict.VALID


@pytest.mark.parametrize("place", range(5))
def test_no_seal_may_be_missing(run: Path, signer: GpgSigner, policy: Policy, place: int) -> None:
    """Even the key holder cannot leave out a seal that the beginning has promised; one more does no harm."""
    write(run, signer, [*steps("a", "gate", "b", "c", "d"), Close(outcome="done", done=5, skipped=0, total=5)])
    records = forge.read(run)
    seals = [n for n, record in enumerate(records) if record["t"] == "seal"]
    forge.write(run, forge.chained(forge.without(seals[place])(records), sign=signer.sign))
    assert verify(run, policy).verdict in {Verdict.INVALID, Verdict.INCOMPLETE}
    more = [*records[:3], {**records[seals[0]]}, *records[3:]]
    forge.write(run, forge.chained(more, sign=signer.sign))
    assert verify(run, policy).verdict is Verdict.VALID


def test_what_no_seal_covers_is_set_aside_and_its_steps_are_unknown(
    run: Path, signer: GpgSigner, policy: Policy
) -> None:
    """After a crash nobody without the key could have added a result: a step begun behind the last seal is unknown."""
    assert write(run, signer, steps("a", "b"))[-2:] == ["step_start", "step_end"]
    with Journal.reopen(run, lambda _: signer) as journal:
        history = History.of(journal.past)
        assert [history.track(step).status for step in ("a", "b", "c")] == ["unknown", "unknown", "waiting"]
        journal.record(Resume(session=2))
        journal.record(Close(outcome="abandoned", done=0, skipped=0, total=2))
    assert [record["t"] for record in forge.read(run)] == [
        "genesis",
        "seal",
        "recover",
        "seal",
        "resume",
        "seal",
        "close",
        "seal",
    ]
    assert verify(run, policy).verdict is Verdict.VALID


def test_a_gate_without_its_seal_has_not_begun(run: Path, signer: GpgSigner) -> None:
    """The intent to pass a point of no return is sealed before it is acted upon; without the seal nothing happened."""
    write(run, signer, steps("gate")[:1])
    records = forge.read(run)
    forge.write(run, records[:-1])
    with Journal.reopen(run, lambda _: signer) as journal:
        assert History.of(journal.past).track("gate").status == "waiting"


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + b'{"n":', lambda raw: raw])
def test_steps_in_a_torn_tail_are_unknown_too(run: Path, signer: GpgSigner, change: Callable[[bytes], bytes]) -> None:
    """However the tail ends, the intents in it that are whole count as begun; also after a second crash."""
    write(run, signer, steps("a", "b")[:-1])
    journal_file = run / "journal.jsonl"
    journal_file.write_bytes(change(journal_file.read_bytes()))
    for _ in range(2):
        with Journal.reopen(run, lambda _: signer) as journal:
            assert History.of(journal.past).track("a").status == "unknown"


def test_a_record_that_cannot_be_sealed_is_not_counted(run: Path, signer: GpgSigner) -> None:
    """A refused write leaves the count of steps as it was, so that the next record is sealed where it must be."""
    with Journal.create(run, genesis(), signer, sealing=Sealing.read("checkpoint:1,5")) as journal:
        for event in steps("a"):
            journal.record(event)
        with pytest.raises(IncompleteError):
            journal.record(Note(text="x" * 300_000))
        for event in steps("b"):
            journal.record(event)
    types = [record["t"] for record in forge.read(run)]
    assert types == ["genesis", "seal", "step_start", "step_end", "seal", "step_start", "step_end", "seal"]
