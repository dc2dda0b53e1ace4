"""The boot test: a machine is started with an overlay of the image, watched, asked, and judged."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from builders.boot.accelerator import Accelerator
from builders.boot.assertions import Assertion, Evidence, judge
from builders.boot.contents import Contents, read_contents
from builders.boot.facts import Facts, parse_facts
from builders.boot.instance import Datasource, Instance, make_seed, new_instance
from builders.boot.machine import CPUS, MEMORY, Firmware, Machine, Network
from builders.boot.metadata import Visits, serving, tree
from builders.boot.place import workplace
from builders.boot.running import Running, started
from builders.boot.ssh import Door, free_port, throw_away_key
from builders.boot.subject import Subject, make_overlay
from builders.boot.watch import KEYS_END, TIMER, Watch, host_keys
from builders.images.size import MIB
from builders.workshop.command import PATH, Commands, end
from builders.workshop.progress import Progress
from recipe_runner.errors import Diagnostic
from recipe_runner.sanitise import line

GROWTH = 1024 * MIB
"""What the disk has more than the image, so that the root can be seen to grow."""
_TICK = 0.5
_PAUSE = 2.0
_ATTEMPTS = 3
PORT_TAKEN = "Could not set up host forwarding rule"
"""QEMU's words when somebody else took the port that was free a moment ago."""
_LARGEST_ANSWER = 1 << 20
_REFUSALS = ("Permission denied", "Host key verification failed")
"""What ssh says when to ask again is in vain."""
_MARK = "recipe-boot-user-data"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a subject is booted; `limit` are the seconds a test may take, `memory` is in MiB."""

    firmware: Firmware
    accelerator: Accelerator
    datasource: Datasource
    limit: float
    memory: int = MEMORY
    cpus: int = CPUS


@dataclass(frozen=True, slots=True)
class Outcome:
    """One boot test; `log` is the console's file, `last_words` its end, safe to show line by line."""

    subject: Subject
    terms: Terms
    assertions: tuple[Assertion, ...]
    seconds: float
    log: Path
    last_words: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Say whether every assertion that was made held."""
        return all(assertion.state != "failed" for assertion in self.assertions)

    @property
    def title(self) -> str:
        """What was booted, and how."""
        return f"{self.subject.image.name} under {self.terms.firmware} with {self.terms.accelerator}"

    def fault(self) -> Diagnostic:
        """Say what failed first; only asked of a test that was not passed."""
        first = next(assertion for assertion in self.assertions if assertion.state == "failed")
        why = f"{first.name}: {first.said or first.meaning}"
        return Diagnostic(
            f"{self.title} failed its boot test after {self.seconds:.1f} s: {why}",
            hint=f"read the console in `{self.log}`",
        )


def check_boot(subject: Subject, terms: Terms, log: BinaryIO, progress: Progress) -> Outcome:
    """Boot the subject and judge it; the image itself is only read."""
    began = time.monotonic()
    with workplace() as work:
        contents = read_contents(subject.image, subject.form, work)
        for attempt in range(1, _ATTEMPTS + 1):
            room = work / str(attempt)
            room.mkdir()
            overlay, size = make_overlay(subject, room, GROWTH if contents.cloud else 0)
            trial = _Trial(subject, terms, contents, room, progress, began + terms.limit)
            with trial.machine(overlay) as machine, started(machine, room, log) as running:
                evidence = trial.watched(running, size)
            again = TIMER if evidence.fault == TIMER else PORT_TAKEN if PORT_TAKEN in evidence.console else ""
            if not again:
                break
            progress.warn(f"{again}; starting once more")
    last = tuple(line(text) for text in evidence.console.strip().split("\n")[-12:])
    return Outcome(subject, terms, judge(evidence), time.monotonic() - began, Path(log.name), last)


class _Trial:
    """One boot test while it goes on."""

    def __init__(
        self, subject: Subject, terms: Terms, contents: Contents, work: Path, progress: Progress, deadline: float
    ) -> None:
        self.subject, self.terms, self.contents, self.work = subject, terms, contents, work
        self.progress, self.deadline = progress, deadline
        self.mark = f"{_MARK}-{secrets.token_hex(8)}"
        self.key = throw_away_key(work)
        self.instance: Instance = new_instance(self.key.public, mark=self.mark)
        self.door = Door(self.key, free_port(), contents.user, work / "known_hosts")
        self.visits = Visits()

    @contextmanager
    def machine(self, overlay: Path) -> Iterator[Machine]:
        """Give the machine, its data where the datasource says."""
        subject, terms = self.subject, self.terms
        machine = machine_of(overlay, subject, terms)
        with ExitStack() as stack:
            if self.contents.cloud:
                network = Network(ssh_port=self.door.port)
                if terms.datasource == "ec2":
                    leaves = tree(self.instance, subject.architecture)
                    port, self.visits = stack.enter_context(serving(leaves))
                    network = replace(network, metadata_port=port)
                    machine = replace(machine, instance=self.instance.id)
                else:
                    machine = replace(machine, seed=make_seed(self.instance, self.work, tools(self.work)))
                machine = replace(machine, network=network)
            yield machine

    def watched(self, running: Running, size: int) -> Evidence:
        """Watch the console, ask the machine, and return what has been seen."""
        marker = self.subject.marker
        signs = (marker, self.mark, KEYS_END) if self.contents.cloud else (marker,)
        watch = Watch(signs)
        fault = self._watch(running, watch)
        evidence = Evidence(
            contents=self.contents,
            instance=self.instance,
            datasource=self.terms.datasource,
            console=running.console(),
            fault=fault,
            marker_seen=marker in watch.seen,
            disk=size,
            host_keys=host_keys(running.console()),
            user_data_seen=self.mark in watch.seen,
            requests=self.visits.requests,
            tokens=self.visits.tokens,
        )
        return self._asked(evidence, running, watch) if self.contents.cloud else evidence

    def _watch(self, running: Running, watch: Watch) -> str:
        """Wait for every sign; return "" where they came, else how the wait ended."""
        told: set[str] = set()
        title = f"booting {self.subject.image.name} under {self.terms.firmware} with {self.terms.accelerator}"
        with self.progress.progress(title, self.terms.limit) as tick:
            now = time.monotonic()
            began = now
            while not watch.complete:
                over = running.over(_TICK)
                running.feed(watch)
                then, now = now, time.monotonic()
                tick(now - then)
                for sign in watch.seen - told:
                    self.progress.note(f"{line(sign)} after {now - began:.1f} s")
                told |= watch.seen
                missing = ", ".join(f"`{line(sign)}`" for sign in sorted(watch.awaited - watch.seen))
                if watch.fault:
                    return watch.fault
                if running.flooded:
                    return "the console does not stop talking"
                if over and missing:
                    return f"the machine ended before it showed {missing}"
                if now > self.deadline and missing:
                    return f"{missing} did not come within {self.terms.limit:.0f} s"
        return ""

    def _asked(self, evidence: Evidence, running: Running, watch: Watch) -> Evidence:
        if not evidence.host_keys:
            return replace(evidence, refused="the machine has shown no host key by which to know it")
        self.door.pin(evidence.host_keys)
        with self.progress.progress("asking the machine over ssh", None):
            facts, refused = self._ask(running, watch)
            asked_at = time.time()
            methods = self.door.methods() if facts else ()
        return replace(
            evidence,
            fault=evidence.fault or watch.fault,
            console=running.console(),
            facts=facts,
            refused=refused,
            methods=methods,
            asked_at=asked_at,
        )

    def _ask(self, running: Running, watch: Watch) -> tuple[Facts | None, str]:
        """Ask until there is a whole answer or no more time; return it, or why there is none."""
        script = Path(str(files("builders.boot") / "facts.sh"))
        answer = self.work / "answer"
        while True:
            process = self.door.ask(script, answer)
            try:
                while process.poll() is None and time.monotonic() < self.deadline and not running.over(_TICK):
                    running.feed(watch)
                    if running.flooded or answer.stat().st_size > _LARGEST_ANSWER:
                        return None, "the machine does not stop talking"
            finally:
                end(process)
            if facts := parse_facts(answer.read_text("utf-8", "replace")):
                return facts, ""
            said = answer.with_suffix(".errors").read_text("utf-8", "replace").strip()
            final = any(word in said for word in _REFUSALS)
            if final or running.over(_PAUSE) or time.monotonic() > self.deadline:
                return None, line(said[-300:]) or "the machine did not answer in time"


def machine_of(overlay: Path, subject: Subject, terms: Terms) -> Machine:
    """Return the machine that boots the subject from its overlay, joined to nothing yet."""
    return Machine(
        overlay,
        terms.firmware,
        terms.accelerator,
        subject.architecture,
        subject.kernel,
        further=subject.further,
        memory=terms.memory,
        cpus=terms.cpus,
    )


def tools(work: Path) -> Commands:
    """Return how the tools are run that a machine's disks are made with."""
    return Commands(work / "tools.log", {"PATH": PATH, "LC_ALL": "C.UTF-8"})
