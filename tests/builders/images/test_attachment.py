from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.images.attachment import LARGEST, Written, attach, attach_script


def written(folder: Path, path: str) -> Written:
    return Written.in_file(path, str(folder / "x.toml"))


def test_a_file_is_read_once(tmp_path: Path) -> None:
    """What is changed after the reading changes nothing."""
    (tmp_path / "seed").write_text("one")
    found = attach(written(tmp_path, "seed"))
    (tmp_path / "seed").write_text("two")
    assert found.content == b"one"
    assert found.name == f"inputs/{found.sha256}"


@pytest.mark.parametrize("path", ["/etc/passwd", "../seed", "a/../../seed", "", "out", "loop", "a\0b", "."])
def test_nothing_outside_the_folder_is_read(tmp_path: Path, path: str) -> None:
    """Absolute paths, `..` and links that lead out are refused, whatever they name."""
    folder = tmp_path / "definition"
    folder.mkdir()
    (tmp_path / "seed").write_text("secret")
    (folder / "out").symlink_to("../seed")
    (folder / "loop").symlink_to("loop")
    with pytest.raises(ValueError, match=r"wanted|cannot read"):
        attach(written(folder, path))


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    """Files may be shared by links that stay at home."""
    (tmp_path / "seed").write_text("one")
    (tmp_path / "link").symlink_to("seed")
    assert attach(written(tmp_path, "link")).content == b"one"


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    """A pipe would never end, and an image is no place for huge files."""
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(LARGEST + 1)
    for name, message in [("pipe", "wanted a file"), ("huge", "at most"), ("missing", "No such file")]:
        with pytest.raises(ValueError, match=message):
            attach(written(tmp_path, name))


def test_a_script_must_be_one_that_runs(tmp_path: Path) -> None:
    """An interpreter and the permission are needed before the build, not in its middle."""
    script = tmp_path / "hook"
    script.write_text("echo")
    with pytest.raises(ValueError, match="#!"):
        attach_script(written(tmp_path, "hook"))
    script.write_text("#!/bin/sh\n")
    with pytest.raises(ValueError, match="chmod"):
        attach_script(written(tmp_path, "hook"))
    script.chmod(0o755)
    assert attach_script(written(tmp_path, "hook")).content == b"#!/bin/sh\n"


def test_a_builds_copy_is_the_file_its_name_promises(tmp_path: Path) -> None:
    """A kept script runs whatever a download did to its mode; a changed one is refused."""
    script = tmp_path / "hook"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    kept = tmp_path / attach_script(written(tmp_path, "hook")).name
    kept.parent.mkdir()
    kept.write_bytes(script.read_bytes())
    assert attach_script(written(tmp_path, f"inputs/{kept.name}")).content == b"#!/bin/sh\n"
    kept.write_text("#!/bin/sh\nreboot\n")
    with pytest.raises(ValueError, match="not those that its name promises"):
        attach(written(tmp_path, f"inputs/{kept.name}"))
