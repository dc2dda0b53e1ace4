from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from recipe_runner.errors import ExitCode
from tests.support.command import RECIPE, recipe
from tests.support.karmic import DEFINITION, copy_build
from tests.support.keyring import keyring, make_key

IMAGE = "karmic-server-cloudimg-amd64.img"


def test_a_build_prints_where_it_is(tmp_path: Path) -> None:
    """Standard output is the path of the finished build and nothing else, ready for a script."""
    with keyring() as home:
        key = make_key(home, "builder")
        done = recipe("image", "build", DEFINITION, "--tree", tmp_path, "--serial", "20091022", "--key", key)
        built = tmp_path / "server/karmic/20091022"
        assert (done.returncode, done.stdout) == (ExitCode.DONE, f"{built}\n")
        subprocess.run(["gpg", "--verify", built / "SHA256SUMS.gpg", built / "SHA256SUMS"], check=True)
    again = recipe("image", "build", DEFINITION, "--tree", tmp_path, "--serial", "20091022")
    assert again.returncode == ExitCode.PRECONDITION
    assert "exists already" in again.stderr


def test_a_matrix_is_built_member_by_member(tmp_path: Path) -> None:
    """Each member goes to a place of its own, in order; `--only` builds one of them."""
    matrix = tmp_path / "matrix.toml"
    size = '[matrix]\nsuites = ["karmic", "jaunty"]\n[matrix.suite.jaunty.disk]\nsize = "192 MiB"\n'
    matrix.write_text(DEFINITION.read_text() + size)
    done = recipe("image", "build", matrix, "--tree", tmp_path / "tree", "--serial", "20091022")
    places = [tmp_path / "tree/server" / suite / "20091022" for suite in ("karmic", "jaunty")]
    assert (done.returncode, done.stdout.splitlines()) == (ExitCode.DONE, list(map(str, places))), done.stderr
    sizes = [(place / f"{place.parent.name}-server-cloudimg-amd64.raw").stat().st_size >> 20 for place in places]
    assert sizes == [160, 192]
    one = ("image", "build", matrix, "--only", "jaunty-server-amd64", "--serial", "20091023")
    assert recipe(*one, "--tree", tmp_path / "tree").stdout == f"{places[1].with_name('20091023')}\n"


def test_faults_of_a_definition_are_told_with_their_lines(tmp_path: Path) -> None:
    """A bad definition ends with exit code 2, its faults shown at their places; nothing is made."""
    bad = tmp_path / "bad.toml"
    bad.write_text('distribution = "tiny"\ncodename = "Karmic"\ntitle = "x"\n[disk]\nsize = "1"\n')
    done = recipe("image", "build", bad, "--tree", tmp_path / "tree")
    assert done.returncode == ExitCode.USAGE
    assert f"{bad}:2:1: error[D004]" in done.stderr
    assert f"{bad}:5:1: error[D004]" in done.stderr
    assert not (tmp_path / "tree").exists()


def test_a_build_is_reproduced_or_not(karmic: Path, tmp_path: Path) -> None:
    """Exit code 0 says that every file came out the same, 4 that one did not; the table says which."""
    sound = recipe("image", "reproduce", karmic)
    assert sound.returncode == ExitCode.DONE, sound.stderr
    assert re.search(r"reproduced: \d+ files, all the same", sound.stdout)
    copy = copy_build(karmic, tmp_path)
    (copy / IMAGE).write_bytes(b"other")
    other = recipe("image", "reproduce", copy)
    assert other.returncode == ExitCode.VERIFICATION
    (row,) = [row for row in other.stdout.splitlines() if "changed since" in row]
    assert row.split()[0] == IMAGE
    unmet = recipe("image", "reproduce", copy, "--explain", environ={"PATH": str(tmp_path)})
    assert unmet.returncode == ExitCode.PRECONDITION
    assert "apt install diffoscope-minimal" in unmet.stderr


@pytest.mark.parametrize("serial", ["yesterday", "20091322", "../x"])
def test_a_bad_serial_is_a_usage_fault(tmp_path: Path, serial: str) -> None:
    """What is no serial is refused with the form that is wanted."""
    done = recipe("image", "build", DEFINITION, "--tree", tmp_path, "--serial", serial)
    assert done.returncode == ExitCode.USAGE
    assert "YYYYMMDD" in done.stderr


def test_a_killed_build_leaves_nothing_behind_for_long(tmp_path: Path) -> None:
    """After kill -9 in the middle, the tree shows no build, and the next one sweeps up and succeeds."""
    arguments = ("image", "build", DEFINITION, "--tree", tmp_path, "--serial", "20091022", "--no-cache")
    with subprocess.Popen([RECIPE, *arguments], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first phase is over
        process.send_signal(signal.SIGKILL)
    codename = tmp_path / "server/karmic"
    assert [path.name[:9] for path in codename.iterdir()] == [".staging-"]
    assert recipe(*arguments).returncode == ExitCode.DONE
    assert sorted(path.name for path in codename.iterdir()) == ["20091022", "current"]
