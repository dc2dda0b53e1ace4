from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from builders.images.serial import Serial
from builders.workshop import command
from builders.workshop.bench import bench, cache_directory, scratch_parent
from builders.workshop.command import ToolError
from builders.workshop.margin import MEMORY
from recipe_runner.errors import UnmetError
from tests.support.karmic import Notes, definition

SERIAL = Serial.parse("20091022")


def test_memory_is_used_where_it_holds_the_work() -> None:
    """A small image is made in memory; one that does not fit is made on disk."""
    assert scratch_parent(1 << 20, {}) == MEMORY
    assert scratch_parent(1 << 50, {}) != MEMORY


def test_the_persons_choice_comes_first() -> None:
    """TMPDIR wins over memory."""
    assert scratch_parent(1 << 20, {"TMPDIR": "/var/tmp"}) == Path("/var/tmp")


def test_a_place_closed_to_others_is_refused(tmp_path: Path) -> None:
    """The fault names the directory that apt's own user could not enter."""
    inner = tmp_path / "closed/inner"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)
    with pytest.raises(UnmetError, match="closed`") as caught:
        scratch_parent(1 << 20, {"TMPDIR": str(inner)})
    assert "TMPDIR" in (caught.value.diagnostics[0].hint or "")


def test_tools_get_a_fixed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Package scripts see no secret of the caller, a fixed locale, zone and date, and the proxy that apt needs."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    with bench(definition(), SERIAL, MEMORY, Notes()) as work:
        environ = work.commands.environ
        assert "secret" not in work.commands.output("env")
        assert (environ["LC_ALL"], environ["TZ"], environ["http_proxy"]) == ("C.UTF-8", "UTC", "http://proxy:3128")
        assert environ["SOURCE_DATE_EPOCH"] == str(SERIAL.epoch)
        assert work.work.is_dir()
        assert work.commands.margin is not None
        assert work.commands.margin.place == work.work
    assert not work.work.exists()


def test_the_log_of_a_failure_is_kept_under_its_images_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two flavours that fail under the same serial, each has its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for flavour in ("server", "desktop"):
        wanted = definition().model_copy(update={"flavour": flavour})
        with pytest.raises(ToolError), bench(wanted, SERIAL, MEMORY, Notes()) as work:
            work.commands.run("sh", "-c", f"echo {flavour}; exit 3")
    kept = {path.name: path.read_text().splitlines()[-1] for path in (tmp_path / "recipe-runner/failed").iterdir()}
    assert kept == {f"karmic-{flavour}-amd64-{SERIAL}.log": flavour for flavour in ("server", "desktop")}


def test_a_log_that_cannot_be_kept_hides_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the cache cannot be written, the tool's own failure and its last lines are told all the same."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    notes = Notes()
    with pytest.raises(ToolError, match="status 3"), bench(definition(), SERIAL, MEMORY, notes) as work:
        work.commands.run("sh", "-c", "echo it is broken; exit 3")
    (warning,) = notes.said
    assert "Not a directory" in warning
    assert "it is broken" in warning


def test_a_tool_that_nobody_listens_to_yet_ends_with_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt that falls between a tool's start and the wait for it leaves nothing at work."""

    def interrupted(process: subprocess.Popen[bytes], *_: object) -> None:
        started.append(process)
        raise KeyboardInterrupt

    started: list[subprocess.Popen[bytes]] = []
    monkeypatch.setattr(command, "Listener", interrupted)
    with pytest.raises(KeyboardInterrupt), bench(definition(), SERIAL, MEMORY, Notes()) as work:
        work.commands.run("sleep", "600")
    (tool,) = started
    assert tool.wait() == -signal.SIGKILL


def test_the_mask_is_put_back() -> None:
    """The caller's file mode mask is the same after the work, also after a failure."""
    before = os.umask(0o027)
    try:
        with pytest.raises(ZeroDivisionError), bench(definition(), SERIAL, MEMORY, Notes()):
            _ = 1 / 0
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_the_cache_is_the_users_own(tmp_path: Path) -> None:
    """XDG_CACHE_HOME is followed when it is absolute, as its specification says."""
    assert cache_directory({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "recipe-runner"
    expected = Path(os.path.expanduser("~")) / ".cache/recipe-runner"  # noqa: PTH111 - another way to the answer
    assert cache_directory({"XDG_CACHE_HOME": "relative"}) == expected
    assert cache_directory({}) == expected
