from __future__ import annotations

from pathlib import Path

from builders.build.inputs import archive_state, machine_state
from builders.images.serial import Serial
from builders.workshop.bench import bench
from builders.workshop.e2fsprogs import Mke2fs
from builders.workshop.margin import MEMORY
from builders.workshop.sources import Source
from builders.workshop.tools import Tool
from tests.support.karmic import SERIAL, Notes, definition


def test_the_archives_state_is_its_indexes() -> None:
    """Another index is another state; where there is none, the state is not known."""
    with bench(definition(), Serial.parse(SERIAL), MEMORY, Notes()) as work:
        source = Source(f"copy://{work.work}/archive", "karmic", ("main",))
        assert archive_state(work, [source]) is None
        suite = work.work / "archive/dists/karmic"
        suite.mkdir(parents=True)
        states = []
        for text in ("one", "two"):
            (suite / "InRelease").write_text(text)
            states.append(archive_state(work, [source]))
    assert [list(state or ()) for state in states] == [["karmic"], ["karmic"]]
    assert states[0] != states[1]


def test_the_machines_state_holds_each_tools_bytes(tmp_path: Path) -> None:
    """A tool that changed without its package changes the state."""
    tool = tmp_path / "tool"
    seen = []
    for text in ("one", "two"):
        tool.write_text(text)
        seen.append(machine_state([Tool(str(tool), "p", "file")], Mke2fs(tmp_path / "none", (1,))))
    assert seen[0] != seen[1]
