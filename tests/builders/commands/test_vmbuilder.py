from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.errors import ExitCode
from tests.support.command import recipe

CONFIGURATION = """\
[DEFAULT]
suite = bookworm
flavour = cloud-amd64
pass = hunter2
firstboot = boot.sh
mem = 512

[kvm]
bridge = br0

[debian]
rootsize = 1000
swapsize = 200
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a configuration and the script it names."""
    (tmp_path / "karmic.cfg").write_text(CONFIGURATION)
    (tmp_path / "boot.sh").write_text("#!/bin/sh\ntrue\n")
    return tmp_path


def test_a_configuration_becomes_a_definition(folder: Path) -> None:
    """The definition passes `recipe image check`; what has no key is told at its line; no password is copied."""
    done = recipe("image", "import-vmbuilder", "karmic.cfg", directory=folder)
    assert (done.returncode, done.stdout) == (ExitCode.DONE, "karmic.toml\n"), done.stderr
    assert "karmic.cfg:4: `pass`: not copied" in done.stderr
    assert "karmic.cfg:6: `mem`: use `recipe image boot --memory`" in done.stderr
    assert "karmic.cfg:9: `bridge`: use" in done.stderr
    text = (folder / "karmic.toml").read_text()
    assert "#   line 4, pass: not copied" in text
    assert "hunter2" not in text + done.stderr
    checked = recipe("image", "check", "karmic.toml", directory=folder)
    assert checked.returncode == ExitCode.DONE, checked.stderr
    again = recipe("image", "import-vmbuilder", "karmic.cfg", directory=folder)
    assert again.returncode == ExitCode.USAGE
    assert "is there already" in again.stderr


def test_a_command_line_becomes_a_definition(folder: Path) -> None:
    """After `--` stands the command itself; what it says goes before the configuration that it names."""
    words = ("vmbuilder", "kvm", "debian", "-c", "karmic.cfg", "--hostname", "edward", "--flavour", "amd64")
    done = recipe("image", "import-vmbuilder", "-o", "new.toml", "--", *words, directory=folder)
    assert done.returncode == ExitCode.DONE, done.stderr
    text = (folder / "new.toml").read_text()
    assert 'hostname = "edward"' in text
    assert 'kernel = "linux-image-amd64"' in text
    assert 'codename = "bookworm"' in text


def test_a_release_of_2009_says_what_it_needs(folder: Path) -> None:
    """A historical Ubuntu becomes a definition too; that its archive's keys must be given is said, and stands in it."""
    words = ("vmbuilder", "kvm", "ubuntu", "--suite", "jaunty", "--addpkg", "acpid", "--ec2")
    done = recipe("image", "import-vmbuilder", "-o", "jaunty.toml", "--", *words, directory=folder)
    assert done.returncode == ExitCode.DONE, done.stderr
    assert "`jaunty` is signed by keys that no keyring of today has" in done.stderr
    text = (folder / "jaunty.toml").read_text()
    assert 'distribution = "ubuntu"\ncodename = "jaunty"' in text
    assert "#   definition: before it can be built: `jaunty` is signed" in text
    checked = recipe("image", "check", "jaunty.toml", directory=folder)
    assert "1 definition checked, 1 fault" in checked.stderr


def test_nothing_is_left_of_what_is_no_definition(folder: Path) -> None:
    """A value that no definition can have is told, and nothing is written."""
    (folder / "bad.cfg").write_text("[DEFAULT]\nsuite = Not A Suite\nfirstboot = boot.sh\n[debian]\n")
    before = sorted(folder.iterdir())
    done = recipe("image", "import-vmbuilder", "bad.cfg", directory=folder)
    assert done.returncode == ExitCode.USAGE
    assert "what comes of it is no definition: `codename` cannot be `Not A Suite`" in done.stderr
    assert sorted(folder.iterdir()) == before


def test_one_thing_at_a_time(folder: Path) -> None:
    """Two files are one too many, and a missing one is a fault."""
    assert recipe("image", "import-vmbuilder", "a", "b", directory=folder).returncode == ExitCode.USAGE
    assert recipe("image", "import-vmbuilder", "missing.cfg", directory=folder).returncode == ExitCode.USAGE
