"""What a sealed step and a verification cost, beside bare gpg, in-toto-run and sha256sum; ratios are what counts.

Run it with the project's interpreter: `.venv/bin/python benchmarks/journal.py`. Exit code 1 where a target is missed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from engine import RECIPE, fastest, keyring, loop, ours

from recipe_runner.engine.events import Close, Genesis, Note, Recorded, StepEnd, StepStart, to_record
from recipe_runner.journal.policy_writer import write_policy
from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import Line, encode
from recipe_runner.journal.records.seal import statement
from recipe_runner.journal.records.sealing import Cadence, Sealing
from recipe_runner.journal.signers.find import find_signer
from recipe_runner.journal.signers.signer import Signer

IN_TOTO = RECIPE.with_name("in-toto-run")
RUN = "0" * 32
TS = "2026-11-22T15:00:00.000001Z"
SEALED_LIMIT = 2.5
IN_TOTO_LIMIT = 5.0
HUNDRED_LIMIT = 2.0
"""Seconds for the verification of a run of 100 steps."""
MANY = 1_000_000
RATE_LIMIT = 100_000
FLAT_LIMIT = 1.2
"""How much more memory ten times as many lines may take."""


def main() -> int:
    """Print every comparison and return the exit code."""
    with tempfile.TemporaryDirectory() as scratch, keyring() as key:
        place = Path(scratch)
        signer = find_signer(key)
        write_policy(place / "policy.toml", signer)
        missed = [*steps(place, key), hundred(place, key), *chains(place, signer)]
    return 1 if any(missed) else 0


def steps(place: Path, key: str) -> Iterator[bool]:
    """Compare a sealed step with bare signatures and with in-toto-run, by the same key."""
    bare = loop(f"gpg --batch --yes --local-user {key} --output /dev/null --detach-sign /dev/null")
    sealed = ours(place, "--key", key)
    peer = fastest([str(IN_TOTO), "-n", "step", "--gpg", key, "--record-streams", "--", "true"], place)
    print(f"gpg --detach-sign {bare:.2f} ms, a sealed step {sealed:.2f} ms, in-toto-run {peer:.0f} ms")
    yield target("a sealed step / two bare signatures", sealed / (2 * bare), most=SEALED_LIMIT)
    yield target("in-toto-run / a sealed step", peer / sealed, least=IN_TOTO_LIMIT)


def hundred(place: Path, key: str) -> bool:
    """Time the verification of a run of a hundred steps."""
    recipe = place / "hundred.md"
    recipe.write_text("".join(f"```bash {{#s{n}}}\necho {n}\n```\n\n" for n in range(100)))
    runs = place / "hundred"
    subprocess.run([str(RECIPE), "run", str(recipe), "--yes", "--runs", str(runs), "--key", key], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    (run,) = runs.iterdir()
    seconds, _, _ = verified(run, place)
    seals = (run / "journal.jsonl").read_bytes().count(b'"t":"seal"')
    return target(f"recipe verify of 100 steps, {seals} seals, in seconds", seconds, most=HUNDRED_LIMIT)


def chains(place: Path, signer: Signer) -> Iterator[bool]:
    """Time the verification of a million lines, sealed at checkpoints: short ones, and those of steps."""
    for what, limit in (("notes", RATE_LIMIT), ("steps", RATE_LIMIT)):
        _, _, small = verified(chain(place / f"{what}-small", signer, what, MANY // 10), place)
        run = chain(place / what, signer, what, MANY)
        journal = run / "journal.jsonl"
        seconds, busy, memory = verified(run, place)
        bare = fastest(["sha256sum", str(journal)], place) / 1000
        megabytes = journal.stat().st_size / 1e6
        print(f"{MANY} lines of {what}, {megabytes:.0f} MB: {seconds:.1f} s, {busy:.1f} s busy, {memory:.0f} MB")
        print(f"sha256sum of them {bare:.2f} s")
        yield target(f"lines a second of processor time, {what}", MANY / busy, least=limit)
        yield target(f"memory of {MANY} lines / of a tenth of them", memory / small, most=FLAT_LIMIT)
        journal.unlink()


def verified(run: Path, place: Path) -> tuple[float, float, float]:
    """Verify a run in a process of its own; return its seconds, those of the processor, and its megabytes."""
    began = time.perf_counter()
    argv = [str(RECIPE), "verify", str(run), "--policy", str(place / "policy.toml")]
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def chain(directory: Path, signer: Signer, what: str, count: int) -> Path:
    """Write a journal of so many lines as a run's writer does, but without waiting for the disk at each of them."""
    directory.mkdir()
    sealing = Sealing.read("checkpoint:5000,5000")
    cadence, so_far = Cadence(sealing), Chain()
    identity = Identity(signer.primary, signer.signing).to_field()
    with (directory / "journal.jsonl").open("wb") as file:

        def put(event: Recorded, **more: object) -> None:
            line = Line(so_far.records, so_far.head, event.type, TS, str(so_far.records), to_record(event) | more)
            raw = encode(line)
            so_far.extend(raw)
            file.write(raw)
            cadence.take(event.type, line.fields.get("step"), int(line.mono_ns))
            if cadence.due == "now":
                at = str(so_far.records)
                said = statement(RUN, so_far, why=event.type, ts=TS, mono_ns=at)
                sealed = {"stmt": said, "sig": signer.sign(said.encode())}
                raw = encode(Line(so_far.records, so_far.head, "seal", TS, at, sealed))
                so_far.extend(raw)
                cadence.take("seal", None, int(at))
                file.write(raw)

        put(Genesis(run=RUN, recipe={}, steps=[]), sealing=sealing.to_field(), signer=identity, prev_run=None)
        while so_far.records < count - 4:
            if what == "notes":
                put(Note(text=f"the mirror has {so_far.records} files"))
            else:
                put(StepStart(step="publish", digest="d" * 64, command="c" * 64))
                put(StepEnd(step="publish", exit_code=0, duration_ms=3))
        put(Close(outcome="done", done=1, skipped=0, total=1))
    return directory


def target(name: str, value: float, *, most: float | None = None, least: float | None = None) -> bool:
    """Print how a figure compares with its target; say whether it is missed."""
    missed = (most is not None and value > most) or (least is not None and value < least)
    wanted = f"at most {most:g}" if most is not None else f"at least {least:g}"
    print(f"{name:<52} {value:12.2f}  (target: {wanted}) {'MISSED' if missed else 'ok'}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
