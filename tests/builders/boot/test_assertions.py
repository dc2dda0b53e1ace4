from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders.boot.assertions import ASSERTIONS, Evidence, State, judge
from builders.boot.contents import Contents
from builders.boot.facts import Facts
from builders.boot.instance import Instance

MIB = 1 << 20
FACTS = Facts(
    cloud_status="done",
    cloud_errors=(),
    datasource="nocloud",
    failed_units=(),
    root_size=2900 * MIB,
    host_keys=("ssh-ed25519 AAAA root@a",),
    machine_id="0" * 31 + "1",
    hostname="edward",
    passwordless=(),
    time=1000.0,
)
SOUND = Evidence(
    contents=Contents(offset=66 * MIB, cloud=True, user="debian"),
    instance=Instance("i-1", "edward", "ssh-ed25519 AAAA", "#cloud-config\n"),
    datasource="nocloud",
    console="[    0.000000] Linux version 6.1\nedward login: ",
    fault="",
    marker_seen=True,
    disk=3072 * MIB,
    host_keys=("ssh-ed25519 AAAA",),
    user_data_seen=True,
    facts=FACTS,
    methods=("publickey",),
    asked_at=1001.0,
)


def states(evidence: Evidence) -> dict[str, State]:
    return {made.name: made.state for made in judge(evidence)}


def test_a_sound_image_passes_every_assertion() -> None:
    """All hold; only the metadata service is not asked about where the data came on a disk."""
    found = states(SOUND)
    assert list(found) == list(ASSERTIONS)
    assert {name for name, state in found.items() if state != "held"} == {"metadata"}
    assert found["metadata"] == "not made"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("boot", {"fault": "the kernel panicked"}),
        ("console", {"console": "login: "}),
        ("login", {"marker_seen": False}),
        ("host-keys-shown", {"host_keys": ()}),
        ("ssh", {"facts": None, "refused": "Permission denied (publickey)."}),
        ("cloud-init", {"facts": replace(FACTS, cloud_errors=("('locale', …)",))}),
        ("cloud-init", {"facts": replace(FACTS, cloud_status="running")}),
        ("datasource", {"facts": replace(FACTS, datasource="none")}),
        ("user-data", {"user_data_seen": False}),
        ("metadata", {"datasource": "ec2", "requests": 9}),
        ("units", {"facts": replace(FACTS, failed_units=("cloud-config.service",))}),
        ("root-grown", {"facts": replace(FACTS, root_size=1900 * MIB)}),
        ("host-keys", {"contents": replace(SOUND.contents, host_keys=("ssh_host_rsa_key",))}),
        ("host-keys", {"facts": replace(FACTS, host_keys=())}),
        ("machine-id", {"contents": replace(SOUND.contents, machine_id="0" * 32)}),
        ("machine-id", {"facts": replace(FACTS, machine_id="")}),
        ("hostname", {"facts": replace(FACTS, hostname="localhost")}),
        ("no-password", {"methods": ("publickey", "password")}),
        ("no-password", {"methods": ()}),
        ("no-password", {"facts": replace(FACTS, passwordless=("guest",))}),
        ("clock", {"facts": replace(FACTS, time=0.0)}),
    ],
)
def test_each_assertion_can_fail(name: str, change: dict[str, Any]) -> None:
    """Each is failed by what it is about, and says what was found."""
    made = {assertion.name: assertion for assertion in judge(replace(SOUND, **change))}
    assert made[name].state == "failed"
    assert made[name].said


def test_without_cloud_init_the_console_is_all() -> None:
    """What needs a key is not made, with the reason; systemd's own complaints count."""
    bare = replace(SOUND, contents=Contents(why_not="the image has no /usr/sbin/sshd"), facts=None)
    found = {made.name: made for made in judge(bare)}
    assert {name for name, made in found.items() if made.state == "held"} == {"boot", "console", "login"}
    assert found["ssh"].said == "the image has no /usr/sbin/sshd"
    working = replace(bare, console=f"{bare.console}\n[  OK  ] Started udev.\n")
    assert states(working)["units"] == "held"
    failing = replace(bare, console=f"{working.console}[FAILED] Failed to start Load Kernel Modules.\n")
    assert {made.name: made.said for made in judge(failing)}["units"] == "Load Kernel Modules."


def test_what_nobody_could_ask_is_not_made() -> None:
    """After a failed login nothing is claimed of what is inside."""
    found = states(replace(SOUND, facts=None, refused="no route"))
    assert found["ssh"] == "failed"
    assert {name for name, state in found.items() if state == "not made"} >= {"hostname", "clock", "units"}


def test_a_guest_cannot_move_the_cursor() -> None:
    """What a guest said is shown safe."""
    made = judge(replace(SOUND, facts=replace(FACTS, hostname="\x1b[2Jx\n")))
    assert not [assertion for assertion in made if "\x1b" in assertion.said or "\n" in assertion.said]
