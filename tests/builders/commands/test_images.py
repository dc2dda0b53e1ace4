from __future__ import annotations

import json
import subprocess
from pathlib import Path

from builders.workshop.confine import NAMESPACE
from builders.workshop.modes import choose_mode
from recipe_runner.errors import ExitCode
from tests.support.command import recipe
from tests.support.karmic import DEFINITION


def test_definitions_are_checked_without_building(tmp_path: Path) -> None:
    """Faults of all files are told, for people or as JSON, with exit code 2; without faults it is 0."""
    bad = tmp_path / "bad.toml"
    bad.write_text('distribution = "debain"\ncodename = "x"\ntitle = "x"\ndisc = 1\n[disk]\nsize = "1 GiB"\n')
    told = recipe("image", "check", DEFINITION, bad)
    assert told.returncode == ExitCode.USAGE
    assert f"{bad}:4:1: error[D002]: unknown key `disc`\n" in told.stderr
    assert "hint: did you mean `disk`?" in told.stderr
    assert f"{bad}:1:1: error: unknown distribution `debain`" in told.stderr
    assert "hint: did you mean `debian`?" in told.stderr
    assert "2 definitions checked, 2 faults\n" in told.stderr
    as_json = json.loads(recipe("image", "check", bad, "--format", "json").stdout)
    places = [(fault["code"], fault["path"], fault["line"]) for fault in as_json]
    assert places == [(None, str(bad), 1), ("D002", str(bad), 4)]
    sound = recipe("image", "check", DEFINITION)
    assert (sound.returncode, sound.stdout) == (ExitCode.DONE, "1 definition checked, no faults\n")


def test_the_schema_is_printed() -> None:
    """What is printed is JSON and names the distributions that are known here."""
    done = recipe("image", "schema")
    assert {"debian", "tiny", "ubuntu"} <= set(json.loads(done.stdout)["properties"]["distribution"]["enum"])


def test_a_plan_is_shown() -> None:
    """Commands, partitions, files, room and tools are there, and each command can be pasted into a shell.

    What confines a command is a function of that shell, so that the command itself can be read.
    """
    done = recipe("image", "plan", DEFINITION, "--serial", "20091022")
    assert done.returncode == ExitCode.DONE
    assert "\nsfdisk --quiet server/karmic/20091022/karmic-server-cloudimg-amd64.raw\n" in done.stdout
    assert "'--use-compress-program=gzip -1 --no-name'" in done.stdout
    assert ": 320 MiB each" in done.stdout
    (confined,) = [row for row in done.stdout.splitlines() if " mmdebstrap -" in row]
    if choose_mode() != "namespace":
        return
    assert confined.startswith("confined1 mmdebstrap --mode=")
    functions = done.stdout.partition("# what confines them\n")[2].partition("\n\n")[0]
    said = f'{NAMESPACE[0]}() {{ printf "%s\\n" "$@"; }}\n{functions}\nconfined1 mmdebstrap "a b"'
    words = subprocess.check_output(["bash", "-c", said], text=True).splitlines()
    assert (words[0], words[-3:], "bwrap" in words) == ("-I", ["--", "mmdebstrap", "a b"], True)
