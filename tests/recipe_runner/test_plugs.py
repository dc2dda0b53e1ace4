from __future__ import annotations

import sys
from pathlib import Path

import pytest

from recipe_runner import __version__
from recipe_runner.errors import UsageError
from recipe_runner.plugs import ExtensionPoint

POINT = """
[test.things]
ours = plug:Thing
added = plug:Thing
missing = plug:absent
gone = no_such_module:Thing
failing = plug:failing
"""


@pytest.fixture
def point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExtensionPoint:
    """Return an extension point with one thing of ours, and a distribution that brings more."""
    info = tmp_path / "plug-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(POINT)
    (tmp_path / "plug.py").write_text("class Thing: pass\ndef failing(): raise ValueError('no luck')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "plug", raising=False)
    return ExtensionPoint("test.things", "thing", {"ours": "pathlib:Path"})


def test_ours_win_and_others_are_added(point: ExtensionPoint) -> None:
    """A name of ours means ours, whoever else claims it; other names are those of others, with their version."""
    assert point.names() == ["added", "failing", "gone", "missing", "ours"]
    assert point.load("ours") is Path
    assert type(point.make("added")).__name__ == "Thing"
    assert point.supplier("ours") == f"recipe-runner {__version__}"
    assert point.supplier("added") == "plug 2.5"
    assert "unknown" not in point
    with pytest.raises(KeyError):
        point.load("unknown")


@pytest.mark.parametrize(("name", "why"), [("missing", "absent"), ("gone", "no_such_module"), ("failing", "no luck")])
def test_what_cannot_be_had_is_said_in_words(point: ExtensionPoint, name: str, why: str) -> None:
    """A plug-in that cannot be imported, or made, names its distribution and the cause."""
    with pytest.raises(UsageError, match=rf"^thing `{name}` of `plug 2\.5` cannot be loaded: .*{why}"):
        point.make(name)


def test_a_fault_of_ours_is_a_bug() -> None:
    """What this distribution brings and cannot import is not blamed on the user."""
    with pytest.raises(ModuleNotFoundError):
        ExtensionPoint("test.things", "thing", {"ours": "no_such_module:x"}).load("ours")
