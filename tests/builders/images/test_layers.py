from __future__ import annotations

from pathlib import Path

import pytest

from builders.images.layers import merge, parse, read_layers
from recipe_runner.errors import Diagnostic, UsageError
from tests.support.definitions import parse_definition

BASE = """\
distribution = "debian"
packages = ["udev", "zstd"]
outputs = ["qcow2", "raw"]
[disk]
size = "1 GiB"
[boot]
arguments = "quiet"
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.toml"
    path.write_text(BASE)
    return path


def faults(path: Path, text: str) -> tuple[Diagnostic, ...]:
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        parse_definition(text, str(path))
    return caught.value.diagnostics


def test_a_definition_is_laid_over_the_one_it_extends(base: Path) -> None:
    """Tables are merged, arrays joined with each element once, all else replaced; what is dropped does not count."""
    text = (
        'extends = "base.toml"\ndrop = ["outputs", "boot.arguments"]\ncodename = "bookworm"\ntitle = "t"\n'
        'packages = ["mount", "zstd"]\noutputs = ["vhd"]\n[disk]\nsize = "2 GiB"\n[boot]\nmarker = "up"\n'
    )
    found = parse_definition(text, str(base.with_name("x.toml")))
    assert found.packages == ("udev", "zstd", "mount")
    assert found.outputs == ("vhd",)
    assert (found.disk.size, found.boot.marker) == (2 << 30, "up")
    assert found.boot.arguments.startswith("console=")


def test_a_fault_is_told_in_the_file_that_has_it(base: Path) -> None:
    """An element of a joined array, a value and a missing key each stand in their own file."""
    base.write_text(BASE.replace('"zstd"', '"-zstd"').replace("1 GiB", "1 MiB"))
    found = faults(base.with_name("x.toml"), 'extends = "base.toml"\ntitle = "t"\npackages = ["mount", "-x"]\n')
    assert [(Path(f.span.path).name, f.span.line, f.code) for f in found if f.span] == [
        ("base.toml", 2, "D004"),
        ("base.toml", 5, "D004"),
        ("x.toml", 1, "D003"),
        ("x.toml", 3, "D004"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('extends = "x.toml"\n', 1, "in a circle: `x.toml` → `x.toml`"),
        ('extends = "round.toml"\n', 1, "in a circle: `x.toml` → `round.toml` → `x.toml`"),
        ('\nextends = "missing.toml"\n', 2, "No such file"),
        ("extends = 3\n", 1, "names no file"),
        ('drop = ["disk"]\n', 1, "`drop` without `extends`"),
        ('extends = "base.toml"\ndrop = ["disk.sise"]\n', 2, "no `disk.sise` to drop"),
        ('extends = "base.toml"\ndrop = "disk"\n', 2, "`drop` is no array"),
        ('extends = "broken.toml"\n', 1, "not TOML"),
    ],
)
def test_what_leads_nowhere_is_told(base: Path, text: str, line: int, message: str) -> None:
    """Circles, missing and broken files and keys that cannot be dropped are faults with a place."""
    base.with_name("round.toml").write_text('extends = "x.toml"\n')
    base.with_name("broken.toml").write_text("= 1")
    (fault,) = faults(base.with_name("x.toml"), text)
    assert message in fault.message
    assert fault.span is not None
    assert fault.span.line == line
    assert fault.hint


def test_files_belong_to_the_file_that_names_them(base: Path) -> None:
    """A base in another folder brings its own files along."""
    folder = base.parent / "common"
    folder.mkdir()
    (folder / "seed").write_text("from common")
    (folder / "base.toml").write_text(f'debconf = "seed"\n{BASE}')
    text = 'extends = "common/base.toml"\ncodename = "bookworm"\ntitle = "t"\n'
    found = parse_definition(text, str(base.with_name("x.toml")))
    assert found.debconf is not None
    assert found.debconf.content == b"from common"


def test_the_upper_layer_keeps_its_places() -> None:
    """After merging, each value still knows where it was written."""
    both = merge(parse('a = 1\n[t]\nb = ["x"]\n', "low.toml"), parse('[t]\nb = ["y"]\nc = 2\n', "high.toml"))
    assert both.plain() == {"a": 1, "t": {"b": ["x", "y"], "c": 2}}
    assert [(s.path, s.line) for s in (both.span(("a",)), both.span(("t", "b", 0)), both.span(("t", "b", 1)))] == [
        ("low.toml", 1),
        ("low.toml", 3),
        ("high.toml", 2),
    ]


def test_deep_nonsense_is_no_traceback() -> None:
    """Brackets without end are a fault of the text."""
    with pytest.raises(UsageError, match="not TOML"):
        read_layers("a = " + "[" * 100_000, "x.toml")
