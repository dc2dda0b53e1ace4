from __future__ import annotations

import tarfile
from pathlib import Path

from builders.build.image import make
from builders.images.serial import Serial
from builders.publish.tree import Names
from builders.workshop.bench import bench
from builders.workshop.margin import MEMORY
from tests.support.karmic import SERIAL, Notes, definition

NAMES = Names("karmic", "amd64")


def test_logins_stay_out_of_the_log(tmp_path: Path) -> None:
    """What a tool prints of a mirror's address loses user and password before anybody can read it."""
    with bench(definition(), Serial.parse(SERIAL), MEMORY, Notes()) as work:
        work.commands.run("echo", "deb https://me:secret@mirror.example.org/debian bookworm main")
        make(work, tmp_path, NAMES)
    log = (tmp_path / NAMES.log).read_text()
    assert "https://mirror.example.org/debian" in log
    assert "secret" not in log


def test_licences_come_on_request(everything: Path) -> None:
    """The tarball of copyright files is there, empty for packages that have none, and dated by the serial."""
    with tarfile.open(everything / NAMES.licences) as tar:
        assert tar.getnames() == []
