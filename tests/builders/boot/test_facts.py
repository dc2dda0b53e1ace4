from __future__ import annotations

import subprocess
from importlib.resources import files
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from builders.boot.facts import parse_facts

ANSWER = """\
## cloud-init
{"status": "done", "datasource": "nocloud", "errors": []}
## units
systemd-x.service loaded failed failed Something
## root
   1B-blocks
  3063369728
## host-keys
ssh-ed25519 AAAA root@a
## machine-id
598533bef0cf4ae99a292cc5c3fe4179
## hostname
recipe-boot
## passwordless
guest
## time
1795637460
## end
"""


def test_an_answer_is_read() -> None:
    """Each part of the machine's answer becomes a fact."""
    facts = parse_facts(ANSWER)
    assert facts is not None
    assert (facts.cloud_status, facts.cloud_errors, facts.datasource) == ("done", (), "nocloud")
    assert facts.failed_units == ("systemd-x.service",)
    assert facts.root_size == 3063369728
    assert facts.host_keys == ("ssh-ed25519 AAAA root@a",)
    assert (facts.machine_id, facts.hostname) == ("598533bef0cf4ae99a292cc5c3fe4179", "recipe-boot")
    assert (facts.passwordless, facts.time) == (("guest",), 1795637460.0)


@given(st.integers(0, len(ANSWER) - len("## end\n")))
def test_half_an_answer_is_none(cut: int) -> None:
    """A connection that breaks anywhere gives no facts."""
    assert parse_facts(ANSWER[:cut]) is None


@given(st.text())
def test_nothing_a_guest_says_breaks_the_reading(text: str) -> None:
    """The answer is a guest's: whatever it is, it is read."""
    parse_facts(text)
    assert parse_facts(f"## cloud-init\n{text}\n## end\n") is not None


def test_the_questions_can_be_asked_anywhere(tmp_path: Path) -> None:
    """On a machine without cloud-init and systemd the script still gives a whole answer."""
    script = (files("builders.boot") / "facts.sh").read_bytes()
    (tmp_path / "bin").mkdir()
    for tool in ("cat", "date", "df", "hostname"):
        (tmp_path / "bin" / tool).symlink_to(f"/bin/{tool}")
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script, env={"PATH": f"{tmp_path}/bin"}, capture_output=True, check=False
    )
    facts = parse_facts(done.stdout.decode())
    assert facts is not None
    assert facts.cloud_status == "unknown"
    assert facts.root_size > 0
    assert facts.time > 0
