"""What is asserted of a booted image, one by one and by name; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from builders.boot.contents import Contents
from builders.boot.facts import Facts
from builders.boot.instance import Datasource, Instance
from recipe_runner.sanitise import line

ASSERTIONS = {
    "boot": "nothing on the console says that the start went wrong",
    "console": "the kernel speaks on the serial console",
    "login": "the text that proves the machine up comes on the serial console",
    "host-keys-shown": "the console shows the ssh host keys, by which a person can know the machine",
    "ssh": "the given key logs in over ssh, the host key being one of those shown",
    "cloud-init": "cloud-init is done, without errors",
    "datasource": "cloud-init took its data from where it was given",
    "user-data": "cloud-init ran what the user data asked for",
    "metadata": "the instance metadata service was asked with session tokens",
    "units": "no systemd unit has failed",
    "root-grown": "the root file system has grown to the size of the disk",
    "host-keys": "the image has no ssh host keys; the machine made its own",
    "machine-id": "the image has no machine-id; the machine made its own",
    "hostname": "the host name is the one that was given",
    "no-password": "ssh offers no login by password, and no account has an empty one",
    "clock": "the clock is right",
}
"""Every assertion by its name, in the order of the report."""

State = Literal["held", "failed", "not made"]
_CLOCK_SECONDS = 300
_GROWN = 0.9
"""What of the room after the root's begin must be the file system's; ext4 keeps some for itself."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion of one boot; `said` is what was found, safe to show."""

    name: str
    state: State
    said: str = ""

    @property
    def meaning(self) -> str:
        """What it asserts, for people."""
        return ASSERTIONS[self.name]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that one boot has shown.

    `fault` says how the wait for the console ended, "" where it went well; `facts` are what the machine said of itself
    over ssh, `refused` why it said nothing; `disk` is the size of its disk in bytes; `asked_at` is this machine's time
    (Unix seconds) when the guest's was read.
    """

    contents: Contents
    instance: Instance
    datasource: Datasource
    console: str
    fault: str
    marker_seen: bool
    disk: int
    host_keys: tuple[str, ...] = ()
    user_data_seen: bool = False
    facts: Facts | None = None
    refused: str = ""
    methods: tuple[str, ...] = ()
    requests: int = 0
    tokens: int = 0
    asked_at: float = 0.0


def judge(evidence: Evidence) -> tuple[Assertion, ...]:
    """Judge all assertions, in their order; one that this image cannot be asked is not made, and says why."""
    made = {assertion.name: assertion for assertion in (*_of_console(evidence), *_of_guest(evidence))}
    return tuple(made[name] for name in ASSERTIONS)


def _of_console(evidence: Evidence) -> Iterator[Assertion]:
    yield Assertion("boot", "failed" if evidence.fault else "held", evidence.fault)
    yield _held("console", "Linux version" in evidence.console, "no `Linux version` on it")
    yield _held("login", evidence.marker_seen, "it did not come")
    if not evidence.contents.cloud:
        for name in ("host-keys-shown", "user-data"):
            yield Assertion(name, "not made", evidence.contents.why_not)
        yield _console_units(evidence)
        return
    shown = ", ".join(sorted({key.split()[0] for key in evidence.host_keys}))
    yield Assertion("host-keys-shown", "held" if shown else "failed", shown or "it shows none")
    yield _held("user-data", evidence.user_data_seen, "its command left no trace on the console")


def _console_units(evidence: Evidence) -> Assertion:
    """Without a way in, systemd's own words on the console count."""
    if not re.search(r"\[\s+OK\s+\]", evidence.console):
        return Assertion("units", "not made", "systemd says nothing on the console")
    failed = re.findall(r"\[FAILED\] (?:Failed to start )?(.*)", evidence.console)
    return Assertion("units", "failed" if failed else "held", line(", ".join(failed)[:300]))


def _of_guest(evidence: Evidence) -> Iterator[Assertion]:
    facts, contents = evidence.facts, evidence.contents
    if not contents.cloud:
        names = [name for name in ASSERTIONS if name not in {*_CONSOLE, "units"}]
        yield from (Assertion(name, "not made", contents.why_not) for name in names)
        return
    yield _metadata(evidence)
    if facts is None:
        yield Assertion("ssh", "failed", evidence.refused)
        names = [name for name in ASSERTIONS if name not in {*_CONSOLE, "ssh", "metadata"}]
        yield from (Assertion(name, "not made", "nobody could log in") for name in names)
        return
    yield Assertion("ssh", "held", f"as {line(contents.user)}")
    yield _cloud_init(facts)
    yield _held(
        "datasource",
        facts.datasource in {evidence.datasource, f"{evidence.datasource}local"},
        f"it took `{line(facts.datasource)}`",
    )
    yield Assertion("units", "failed" if facts.failed_units else "held", line(", ".join(facts.failed_units)))
    yield _grown(evidence, facts)
    yield _host_keys(evidence, facts)
    yield _machine_id(contents, facts)
    yield _held("hostname", facts.hostname == evidence.instance.hostname, f"it is `{line(facts.hostname)}`")
    yield _password(evidence, facts)
    ahead = facts.time - evidence.asked_at
    yield _held("clock", abs(ahead) < _CLOCK_SECONDS, f"it is {ahead:+.0f} s off")


_CONSOLE = frozenset({"boot", "console", "login", "host-keys-shown", "user-data"})


def _held(name: str, holds: bool, otherwise: str) -> Assertion:
    return Assertion(name, "held") if holds else Assertion(name, "failed", otherwise)


def _cloud_init(facts: Facts) -> Assertion:
    errors = "; ".join(facts.cloud_errors)
    done = facts.cloud_status == "done" and not errors
    return Assertion("cloud-init", "held" if done else "failed", line(f"{facts.cloud_status} {errors}".strip()[:300]))


def _metadata(evidence: Evidence) -> Assertion:
    if evidence.datasource != "ec2":
        return Assertion("metadata", "not made", f"the datasource is {evidence.datasource}")
    said = f"{evidence.requests} requests, {evidence.tokens} tokens"
    return Assertion("metadata", "held" if evidence.requests and evidence.tokens else "failed", said)


def _grown(evidence: Evidence, facts: Facts) -> Assertion:
    room = evidence.disk - evidence.contents.offset
    said = f"{facts.root_size >> 20} of {room >> 20} MiB"
    return Assertion("root-grown", "held" if facts.root_size >= _GROWN * room else "failed", said)


def _host_keys(evidence: Evidence, facts: Facts) -> Assertion:
    if leftover := evidence.contents.host_keys:
        return Assertion("host-keys", "failed", line(f"in the image: {', '.join(leftover)}"))
    return _held("host-keys", bool(facts.host_keys), "the machine has none")


def _machine_id(contents: Contents, facts: Facts) -> Assertion:
    if contents.machine_id not in {"", "uninitialized"}:
        return Assertion("machine-id", "failed", line(f"in the image: {contents.machine_id}"))
    return _held("machine-id", bool(re.fullmatch(r"[0-9a-f]{32}", facts.machine_id)), "the machine has none")


def _password(evidence: Evidence, facts: Facts) -> Assertion:
    offered = [method for method in evidence.methods if method in {"password", "keyboard-interactive"}]
    said = [f"ssh offers {', '.join(offered)}"] if offered else []
    if not evidence.methods:
        said.append("ssh did not say what it offers")
    if facts.passwordless:
        said.append(f"empty password: {', '.join(facts.passwordless)}")
    return Assertion("no-password", "failed" if said else "held", line("; ".join(said)))
