from __future__ import annotations

import subprocess
from importlib.resources import files
from pathlib import Path

from builders.customise.once import once
from builders.images.attachment import Attachment
from tests.support.karmic import definition

SCRIPT = Attachment("hello", b"#!/bin/sh\necho hello\n", executable=True)


def test_scripts_are_started_by_the_init_there_is() -> None:
    """A unit for systemd, links in the run levels for what came before it."""
    whole = definition().model_copy(update={"first_boot": (SCRIPT,), "first_login": (SCRIPT,)})
    modern = {entry.path: entry for entry in once(whole, "systemd")}
    assert modern["etc/systemd/system/multi-user.target.wants/first-boot.service"].kind == "symlink"
    assert modern["usr/lib/first-boot/scripts/00"].mode == 0o755
    old = {entry.path: entry for entry in once(whole, "sysv")}
    assert old["etc/rc2.d/S99first-boot"].target == "/usr/lib/first-boot/run"
    assert not list(once(definition(), "systemd"))


def test_a_script_is_run_until_it_has_done_its_work(tmp_path: Path) -> None:
    """One that fails is run again and told by the status; one that succeeded is not."""
    runner = Path(str(files("builders.customise") / "first-boot.sh")).read_text()
    (tmp_path / "scripts").mkdir()
    runner = runner.replace("/usr/lib/first-boot", str(tmp_path)).replace("/var/lib/first-boot", str(tmp_path / "done"))
    for name, text in (("00", "exit 0"), ("01", f"test -e {tmp_path}/ready")):
        script = tmp_path / "scripts" / name
        script.write_text(f"#!/bin/sh\necho run {name}\n{text}\n")
        script.chmod(0o755)

    def run() -> tuple[int, str]:
        done = subprocess.run(["sh", "-c", runner], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert run() == (1, "run 00\nrun 01\nfirst-boot: script 01 ended with status 1\n")
    (tmp_path / "ready").touch()
    assert run() == (0, "run 01\n")
    assert run() == (0, "")


def test_a_login_runs_each_script_once_for_each_user(tmp_path: Path) -> None:
    """The mark is the user's own."""
    snippet = Path(str(files("builders.customise") / "first-login.sh")).read_text()
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts/00"
    script.write_text("#!/bin/sh\necho welcome\n")
    script.chmod(0o755)
    snippet = snippet.replace("/usr/lib/first-login", str(tmp_path))
    for home, said in (("joe", "welcome\n"), ("joe", ""), ("jim", "welcome\n")):
        (tmp_path / home).mkdir(exist_ok=True)
        environ = {"HOME": str(tmp_path / home), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(["sh", "-euc", snippet], capture_output=True, text=True, check=True, env=environ)
        assert done.stdout == said
