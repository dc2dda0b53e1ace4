from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from builders.commands.rehearsal import group
from builders.publish.ec2 import make_public, prepare, verify
from tests.builders.publish.conftest import Stage, identity, stage

__all__ = ["identity", "stage"]

SERVE = [sys.executable, "-c", "from builders.commands.rehearsal import group; group()", "serve"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_its_address_and_ends_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    """The ready file has the printed address as soon as the cloud answers, and is gone after the end."""
    ready = tmp_path / "ready"
    with subprocess.Popen(
        [*SERVE, "--ready-file", str(ready)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        end = time.monotonic() + 60
        while not ready.exists() and server.poll() is None and time.monotonic() < end:
            os.sched_yield()
        address = ready.read_text()
        server.send_signal(stop)
        printed, hints = server.communicate(timeout=60)
    assert printed == address
    assert address.startswith("http://127.0.0.1:")
    assert f"export AWS_ENDPOINT_URL={address}" in hints
    assert (server.returncode, ready.exists()) == (0, False)


def test_a_release_is_taken_back_from_the_command_line(stage: Stage) -> None:
    """`withdraw` makes the images private, `discard` removes them, and both say what they did."""
    for step in (prepare, verify, make_public):
        step(stage.order, stage.cloud, stage.say)
    arguments = [str(stage.order.state), "--endpoint-url", str(stage.cloud.endpoint_url)]
    withdrawn = CliRunner().invoke(group, ["withdraw", *arguments], catch_exceptions=False)
    assert withdrawn.output.count("is private") == 2
    assert stage.shared() == []
    discarded = CliRunner().invoke(group, ["discard", *arguments], catch_exceptions=False)
    assert discarded.output.count("is deregistered") == 2
    assert stage.cloud.ec2("eu-west-1").describe_images(Owners=["self"])["Images"] == []


def test_the_verbs_import_neither_moto_nor_boto3() -> None:
    """Help is quick: the heavy libraries are loaded by the verb that needs them."""
    heavy = "{'moto', 'boto3', 'botocore', 'pydantic'}"
    code = f"import sys, builders.commands.rehearsal; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
