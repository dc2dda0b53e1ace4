from __future__ import annotations

from builders.build.buildinfo import format_info, parse_info, sources_of
from builders.images.serial import Serial
from tests.support.karmic import definition


def test_a_builds_facts_are_read_back() -> None:
    """What a build says of itself, programs can read; it says nothing of machine and moment."""
    text = format_info(definition(), Serial.parse("20091022.1"), "2.6.31-14-server", {"karmic": "ab"})
    assert parse_info(text) == {
        "title": "Ubuntu 9.10 (tiny rehearsal image)",
        "suite": "karmic",
        "build_name": "server",
        "serial": "20091022.1",
        "architecture": "amd64",
        "distribution": "tiny",
        "kernel": "2.6.31-14-server",
        "boot_marker": "karmic is up",
        "index.karmic": "ab",
    }
    assert sources_of(parse_info(text)) == {"karmic": "ab"}
