"""A run that meets trouble at every single occasion, goes on afterwards, and has lost nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.recipe_runner.cli import faulty
from tests.recipe_runner.cli.trouble import Attempt
from tests.recipe_runner.cli.trouble import attempts as trouble_met
from tests.support.command import environment, only_run, recipe, records
from tests.support.keyring import gpg, keyring, make_key

ONE = """
```bash {#one}
echo one >> log
echo said
```

```bash {.verify for=one}
grep --quiet one log
```
"""
TWO = f"""{ONE}
- [ ] Look around {{#look}}

```bash {{#two}}
echo two >> log
```
"""
CLOSED, OPEN = 0, 2
"""Exit codes of `recipe verify`."""


@pytest.fixture(scope="module")
def key() -> Iterator[str]:
    with keyring() as home:
        yield make_key(home, "manager")


def attempts(tmp_path: Path, key: str, trouble: str, text: str = ONE) -> list[Attempt]:
    """Run a recipe again and again, until a run meets no trouble any more; return those that met it."""
    (tmp_path / "r.md").write_text(text)
    recipe("policy", tmp_path / "policy.toml", "--key", key)
    *found, last = trouble_met(faulty.__name__, tmp_path, key, trouble)
    assert (last.told["run"], last.told["verify"]) == (0, CLOSED)
    return found


def check(attempt: Attempt, codes: set[int], steps: list[str]) -> None:
    """Check that nothing is VALID too early, nothing finished is lost or done again, and that it came to its end."""
    told = attempt.told
    assert told["run"] in codes, attempt
    if "stopped" not in told:
        assert told["run"] != 0
        assert not (attempt.place / "log").exists()
        return
    closed = any(record["t"] == "close" for record in attempt.stopped)
    assert told["stopped"] in ({CLOSED, OPEN} if closed else {OPEN}), attempt
    assert told["resume"] in ({0, 2} if closed else {0}), attempt
    assert told["verify"] == CLOSED, attempt
    assert list(dict.fromkeys(attempt.log)) == steps
    for record in attempt.sealed:
        if record["t"] == "step_end" and record["role"] == "run":
            assert attempt.log.count(record["step"]) == 1, attempt


def test_killed_at_any_change(tmp_path: Path, key: str) -> None:
    """Killed by signal 9 instead of any change on the disk: `resume --yes` ends the run VALID, nothing repeated."""
    found = attempts(tmp_path, key, "kill", TWO)
    assert len(found) > 45
    for attempt in found:
        check(attempt, {-9}, ["one", "two"])


@pytest.mark.parametrize("trouble", ["once-EIO", "from-EROFS"])
def test_any_change_refused(tmp_path: Path, key: str, trouble: str) -> None:
    """Whichever change the disk refuses, alone or with all that follow, the run says so and can be resumed."""
    found = attempts(tmp_path, key, trouble)
    assert len(found) > 35
    for attempt in found:
        check(attempt, {5} if trouble.startswith("from") else {0, 5}, ["one"])
        if attempt.told["run"] == 5:
            assert "cannot write" in (attempt.place / "run.txt").read_text()


def may_trace() -> bool:
    """Say whether strace is here and permitted."""
    argv = ["strace", "-qq", "-o", "/dev/null", "true"]
    return shutil.which("strace") is not None and subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_trace(), reason="needs strace, and leave to trace")
@pytest.mark.parametrize("call", ["fdatasync", "fsync", "rename"])
def test_the_kernel_answers_with_an_error(tmp_path: Path, key: str, call: str) -> None:
    """Where the system call itself fails with EIO, at each of its occasions, it is no other than above."""
    found = attempts(tmp_path, key, f"trace-{call}")
    assert len(found) > 2
    for attempt in found:
        check(attempt, {5}, ["one"])


def may_mount(tmp_path: Path) -> bool:
    """Say whether a small file system can be mounted here."""
    argv = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(argv, capture_output=True, check=False).returncode:
        return False
    subprocess.run(["umount", str(tmp_path)], check=True)
    return True


def test_a_full_disk(tmp_path: Path, key: str) -> None:
    """However few pages a real file system has left, the run stops, its `abort` still finds room, and it goes on."""
    if not may_mount(tmp_path):
        pytest.skip("needs root, to mount a small file system")
    found = attempts(tmp_path, key, "full")
    assert len(found) > 15
    for attempt in found:
        check(attempt, {5}, ["one"])
    begun = [attempt for attempt in found if "stopped" in attempt.told]
    assert begun
    assert all(attempt.stopped[-2]["t"] == "abort" for attempt in begun)
    assert all("no space left" in attempt.stopped[-2]["reason"].lower() for attempt in begun)


def test_a_file_system_that_became_read_only(tmp_path: Path, key: str) -> None:
    """A run there can be read and verified, going on is refused in words, and works when it can be written again."""
    if not may_mount(tmp_path):
        pytest.skip("needs root, to mount a small file system")
    (tmp_path / "r.md").write_text(TWO)
    recipe("policy", tmp_path / "policy.toml", "--key", key)
    runs = tmp_path / "runs"
    runs.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", runs], check=True)
    try:
        recipe("run", "r.md", "--yes", "--until", "one", "--runs", runs, "--key", key, directory=tmp_path)
        run = only_run(runs)
        subprocess.run(["mount", "-o", "remount,ro", runs], check=True)
        assert recipe("verify", run, "--policy", tmp_path / "policy.toml").returncode == OPEN
        assert recipe("log", "show", run).returncode == 0
        refused = recipe("resume", run, "--yes", directory=tmp_path)
        assert refused.returncode in {2, 3, 5}
        assert "ead-only file system" in refused.stderr
        assert recipe("run", "r.md", "--yes", "--runs", runs, "--key", key, directory=tmp_path).returncode == 5
        subprocess.run(["mount", "-o", "remount,rw", runs], check=True)
        assert recipe("resume", run, "--yes", directory=tmp_path).returncode == 0
        assert recipe("verify", run, "--policy", tmp_path / "policy.toml").returncode == CLOSED
    finally:
        subprocess.run(["umount", runs], check=True)


def test_a_second_runner(tmp_path: Path, key: str) -> None:
    """While a run is at work, going on with it or rolling it back is refused, and the run never notices."""
    (tmp_path / "policy.toml").unlink(missing_ok=True)
    recipe("policy", tmp_path / "policy.toml", "--key", key)
    (tmp_path / "r.md").write_text(
        "```bash {#one}\nfor verb in resume undo; do\n"
        '    code=0; recipe $verb "runs/$RECIPE_RUN" --yes > said 2>&1 < /dev/null || code=$?\n'
        '    echo "$code $(grep --count "is running" said)" >> log\ndone\n```\n'
    )
    assert recipe("run", "r.md", "--yes", "--runs", "runs", "--key", key, directory=tmp_path).returncode == 0
    assert (tmp_path / "log").read_text() == "3 1\n3 1\n"
    assert recipe("verify", only_run(tmp_path / "runs"), "--policy", tmp_path / "policy.toml").returncode == CLOSED


WARPED = """#!/bin/sh
# gpg as it is when the clock says something else, once the file `warp` is there
if [ -e "{place}/warp" ]; then exec {gpg} --faked-system-time "$(cat {place}/warp)" "$@"; fi
exec {gpg} "$@"
"""
THREE = """
```bash {#one}
echo one >> log
```

```bash {#two}
%s
echo two >> log
```

```bash {.verify for=two}
grep --quiet two log
```

```bash {#three}
echo three >> log
```
"""


@dataclass(frozen=True)
class Stage:
    """A directory with a keyring of its own."""

    place: Path
    home: Path
    key: str

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run a recipe whose second step makes trouble."""
        (self.place / "r.md").write_text(THREE % text)
        return self.recipe("run", "r.md", "--yes", "--runs", "runs", "--key", self.key)

    def recipe(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the command with this stage's gpg."""
        environ = {"PATH": f"{self.place / 'bin'}:{environment()['PATH']}"}
        return recipe(*arguments, directory=self.place, environ=environ)

    def verdict(self) -> dict[str, Any]:
        """Return the report on the run."""
        report: dict[str, Any] = json.loads(
            recipe("verify", only_run(self.place / "runs"), "--policy", self.place / "policy.toml", "--json").stdout
        )
        return report


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    place = tmp_path / "stage"
    (place / "bin").mkdir(parents=True)
    program = shutil.which("gpg")
    assert program
    (place / "bin" / "gpg").write_text(WARPED.format(place=place, gpg=program))
    (place / "bin" / "gpg").chmod(0o755)
    with keyring() as home:
        yield Stage(place, home, make_key(home, "manager"))


def stopped_in_the_middle(stage: Stage, done: subprocess.CompletedProcess[str], said: str) -> None:
    """Check that a run stopped because it could not be signed, with what was done before on record."""
    assert done.returncode == 5, done.stderr
    assert said in done.stderr
    assert stage.verdict()["verdict"] == "INCOMPLETE"
    written = records(only_run(stage.place / "runs"))
    sealed = written[: max(record["n"] for record in written if record["t"] == "seal")]
    assert [r["step"] for r in sealed if r["t"] == "step_end" and r["role"] == "run"] == ["one"]


def test_the_agent_is_killed_in_mid_run(stage: Stage) -> None:
    """Gpg starts its agent again: the run goes on to a VALID end."""
    recipe("policy", stage.place / "policy.toml", "--key", stage.key)
    assert stage.run("gpgconf --kill gpg-agent").returncode == 0
    assert stage.verdict()["verdict"] == "VALID"


def test_the_key_is_locked_in_mid_run(stage: Stage) -> None:
    """With the agent the passphrase is gone: the run stops, goes on when the key is unlocked, and repeats nothing."""
    (stage.home / "gpg-agent.conf").write_text("allow-preset-passphrase\ns2k-count 65536\n")
    subprocess.run(["gpgconf", "--homedir", stage.home, "--kill", "gpg-agent"], check=True)
    gpg(stage.home, "--pinentry-mode", "loopback", "--passphrase", "a", "--quick-generate-key", "L <l@x>", "ed25519")
    listed = gpg(stage.home, "--with-colons", "--with-keygrip", "--list-secret-keys", "l@x").decode().splitlines()
    key = next(row.split(":")[9] for row in listed if row.startswith("fpr"))
    grip = next(row.split(":")[9] for row in listed if row.startswith("grp"))

    def unlock() -> None:
        command = f"PRESET_PASSPHRASE {grip} -1 61"
        subprocess.run(["gpg-connect-agent", "--homedir", stage.home, command, "/bye"], check=True, capture_output=True)

    unlock()
    recipe("policy", stage.place / "policy.toml", "--key", key)
    locked = Stage(stage.place, stage.home, key)
    stopped_in_the_middle(locked, locked.run("gpgconf --kill gpg-agent"), "could not sign")
    unlock()
    assert locked.recipe("resume", only_run(stage.place / "runs"), "--yes").returncode == 0
    assert (stage.place / "log").read_text() == "one\ntwo\nthree\n"
    assert locked.verdict()["verdict"] == "VALID"


def test_the_key_expires_in_mid_run(stage: Stage) -> None:
    """The run stops, and goes on once the key is extended; the policy's old certificate still judges it."""
    gpg(stage.home, "--quick-set-expire", stage.key, "2d")
    recipe("policy", stage.place / "policy.toml", "--key", stage.key)
    done = stage.run("date --date '3 days' +%Y%m%dT%H%M%S > warp")
    stopped_in_the_middle(stage, done, "could not sign")
    refused = stage.recipe("resume", only_run(stage.place / "runs"), "--yes")
    assert (refused.returncode, "expired" in refused.stderr) == (3, True)
    (stage.place / "warp").unlink()
    gpg(stage.home, "--quick-set-expire", stage.key, "30d")
    assert stage.recipe("resume", only_run(stage.place / "runs"), "--yes").returncode == 0
    assert (stage.place / "log").read_text() == "one\ntwo\nthree\n"
    assert stage.verdict()["verdict"] == "VALID"


def test_the_clock_jumps_back_before_the_key(stage: Stage) -> None:
    """Gpg refuses a key from the future: the run stops, and goes on when the clock is right again."""
    recipe("policy", stage.place / "policy.toml", "--key", stage.key)
    done = stage.run("echo 20200101T000000 > warp")
    stopped_in_the_middle(stage, done, "could not sign")
    (stage.place / "warp").unlink()
    assert stage.recipe("resume", only_run(stage.place / "runs"), "--yes").returncode == 0
    assert stage.verdict()["verdict"] == "VALID"


def test_the_clock_jumps_ahead(stage: Stage) -> None:
    """Signatures dated in the future are not trusted until then, whatever else is in order."""
    recipe("policy", stage.place / "policy.toml", "--key", stage.key)
    assert stage.run("date --date '1 day' +%Y%m%dT%H%M%S > warp").returncode == 0
    report = stage.verdict()
    assert report["verdict"] == "UNTRUSTED"
    assert any("dated in the future" in reason for reason in report["reasons"])
