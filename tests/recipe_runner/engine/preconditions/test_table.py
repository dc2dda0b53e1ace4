from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from recipe_runner.engine.preconditions.table import FIRST_PARTY, kinds, supplier

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("kind", sorted(FIRST_PARTY))
def test_every_kind_fits_its_name(kind: str) -> None:
    """Each class has the name it is listed under, a summary, and its own name as its first key."""
    found = kinds()[kind]
    assert found.kind == kind
    assert found.summary
    first = next(iter(found.model_fields.values()))
    assert first.alias == kind
    assert first.is_required()


@pytest.mark.parametrize("kind", sorted(FIRST_PARTY))
def test_every_kind_is_documented(kind: str) -> None:
    """The reference page has a section for each kind, which mentions each of its keys."""
    page = (ROOT / "docs" / "reference" / "preconditions.md").read_text()
    section = page.partition(f"\n## `{kind}`")[2].partition("\n## ")[0]
    assert section
    assert all(f"`{field.alias}`" in section for field in kinds()[kind].model_fields.values())


@pytest.mark.parametrize("kind", sorted(FIRST_PARTY))
def test_every_kind_has_a_schema(kind: str) -> None:
    """Editors can be given the JSON Schema of each kind, with the keys as they are written."""
    schema = kinds()[kind].model_json_schema()
    assert kind in schema["properties"]
    assert schema["additionalProperties"] is False


def test_unknown_kinds() -> None:
    """An unknown kind is not there, and has no supplier."""
    assert "gpgkey" not in kinds()
    with pytest.raises(KeyError):
        supplier("gpgkey")


def test_own_kinds_are_supplied_by_this_project() -> None:
    """The journal can say which version evaluated a requirement."""
    assert supplier("file") == f"recipe-runner {metadata.version('recipe-runner')}"


@pytest.fixture
def plug(tmp_path: Path) -> Path:
    """Install a distribution with kinds of preconditions into a directory of its own."""
    info = tmp_path / "plug-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(
        "[recipe_runner.preconditions]\nmoon = plug:Moon\nfile = plug:Moon\nbroken = plug:missing\nodd = plug:odd\n"
    )
    (tmp_path / "plug.py").write_text(
        "from recipe_runner.engine.preconditions.base import Precondition\n"
        "class Moon(Precondition):\n    kind = 'moon'\n    summary = 'the moon is full'\n    moon: str\n"
        "odd = 3\n"
    )
    return tmp_path


def test_other_distributions_bring_kinds(plug: Path) -> None:
    """An installed distribution adds kinds by entry point, and its name and version are known; ours win a clash."""
    code = (
        "from recipe_runner.engine.preconditions.table import kinds, supplier\n"
        "print(kinds()['moon'].__module__, supplier('moon'), kinds()['file'].__name__, list(kinds()).count('file'))\n"
    )
    assert _run(code, plug) == "plug plug 2.5 File 1"


def test_broken_plugs_are_clear_faults(plug: Path) -> None:
    """A kind that cannot be loaded, or is none, names its distribution instead of failing somehow."""
    code = (
        "from recipe_runner.engine.preconditions.table import kinds\n"
        "from recipe_runner.errors import UsageError\n"
        "for name in ('broken', 'odd'):\n"
        "    try: kinds()[name]\n"
        "    except UsageError as error: print(error.diagnostics[0].message)\n"
    )
    broken, odd = _run(code, plug).splitlines()
    assert broken.startswith("precondition `broken` of `plug 2.5` cannot be loaded: ")
    assert odd == "precondition `odd` of `plug 2.5` is not a kind of precondition"


def test_only_what_is_used_is_imported() -> None:
    """Listing the kinds and using one imports none of the others."""
    code = (
        "import sys\n"
        "from recipe_runner.engine.preconditions.table import kinds\n"
        "list(kinds()); kinds()['env']\n"
        "print('urllib.request' in sys.modules, 'recipe_runner.engine.preconditions.network' in sys.modules)\n"
    )
    assert _run(code, ROOT) == "False False"


def _run(code: str, extra: Path) -> str:
    """Run Python with one more directory of distributions and return what it printed."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{extra}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
