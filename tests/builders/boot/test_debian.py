from __future__ import annotations

from pathlib import Path

import pytest

from builders.boot.accelerator import choose_accelerator
from builders.boot.assertions import ASSERTIONS
from builders.boot.check import Terms, check_boot
from builders.boot.instance import Datasource
from builders.boot.machine import Firmware
from builders.boot.subject import read_subject
from tests.support.debian import debian_disk
from tests.support.karmic import Notes


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bookworm with cloud-init and ssh, one for all workers; do not change it."""
    return debian_disk(tmp_path_factory)


@pytest.mark.slow
@pytest.mark.parametrize(("firmware", "datasource"), [("bios", "nocloud"), ("uefi", "ec2"), ("direct", "nocloud")])
def test_debian_comes_up_as_it_must(debian: Path, tmp_path: Path, firmware: Firmware, datasource: Datasource) -> None:
    """A real Debian holds every assertion in each way of booting, with its data from a disk and from a service."""
    subject = read_subject(debian, firmware, tmp_path, "amd64")
    with (tmp_path / "console").open("wb") as log:
        terms = Terms(firmware, choose_accelerator(), datasource, 900, cpus=1)  # a second would but wait
        outcome = check_boot(subject, terms, log, Notes())
    states = {made.name: made.state for made in outcome.assertions}
    wanted = dict.fromkeys(ASSERTIONS, "held")
    if datasource == "nocloud":
        wanted["metadata"] = "not made"
    assert states == wanted, [(made.name, made.said) for made in outcome.assertions if made.state == "failed"]
