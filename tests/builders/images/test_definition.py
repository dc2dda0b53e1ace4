from __future__ import annotations

from pathlib import Path

import pytest

from builders.images.definition import Definition, Model, parse_definition, read_text
from recipe_runner.errors import Diagnostic, UsageError

GOOD = """\
distribution = "debian"
codename = "bookworm"
title = "A test"
packages = ["udev", "zstd"]
[disk]
size = "1 GiB"
"""


def faults(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(UsageError) as caught:
        parse_definition(text, "x.toml")
    return caught.value.diagnostics


def test_a_definition_has_sensible_defaults() -> None:
    """Distribution, codename, title and disk are enough."""
    definition = parse_definition(GOOD, "x.toml")
    assert definition.disk.size == 2**30
    assert definition.boot.marker == "login:"
    assert definition.archive.components == ("main",)
    assert definition.packages == ("udev", "zstd")


def test_every_fault_is_told_at_its_line() -> None:
    """One reading finds all faults, in the order of the file."""
    found = faults(
        'distribution = "debian"\ncodename = "Karmic!"\ntitel = "x"\npackages = ["udev",\n  "-o Evil"]\n'
        '[disk]\nsize = "1 GB"\n[boot]\narguments = "a; reboot"\n'
    )
    assert [(f.span.line if f.span else None, f.code) for f in found] == [
        (1, "D003"),
        (2, "D004"),
        (3, "D002"),
        (5, "D004"),
        (7, "D004"),
        (9, "D004"),
    ]
    assert found[0].message == "key `title` is missing"
    assert found[2].hint == "write `title`"
    assert "wanted a package name" in found[3].message


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('codename = "../x"', "lower-case word"),
        ('kernel = "--option"', "package name"),
        ('title = "a\\"b"', "one line"),
        ('title = "a\\nb"', "one line"),
        ("documentation = 1", "valid boolean"),
        ('architecture = "arm64"', "'amd64'"),
        ("packages = 3", "valid tuple"),
    ],
)
def test_values_that_could_do_harm_are_refused(line: str, wanted: str) -> None:
    """Words that go into paths, command lines, boot menus and scripts hold nothing but what they must."""
    key = line.split(" ", maxsplit=1)[0]
    rest = "\n".join(text for text in GOOD.splitlines() if not text.startswith(f"{key} "))
    (fault,) = faults(f"{line}\n{rest}\n")
    assert wanted in fault.message
    assert fault.span is not None
    assert fault.span.line == 1


def test_a_disk_that_is_too_small_is_refused() -> None:
    """The boot partitions and a root must fit."""
    (fault,) = faults(GOOD.replace("1 GiB", "64 MiB"))
    assert "disk.size" in fault.message


def test_a_text_that_is_not_toml_is_told_with_its_place() -> None:
    """A syntax fault has the line and column that tomllib tells."""
    (fault,) = faults('title = "x"\ncodename = \n')
    assert fault.span is not None
    assert (fault.span.line, fault.code) == (2, "D001")


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """A missing file and one in another encoding are faults, not tracebacks."""
    with pytest.raises(UsageError, match="No such file"):
        read_text(tmp_path / "missing.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(UsageError, match="not UTF-8"):
        read_text(tmp_path / "latin.toml")


def keys(model: type[Model], before: str = "") -> list[str]:
    """Return the dotted names of all keys that a definition may have."""
    found = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Model):
            found += keys(field.annotation, f"{before}{name}.")
        else:
            found.append(f"{before}{name}")
    return found


def test_every_key_is_in_the_reference() -> None:
    """The reference page has a row for each key, and no row for another."""
    page = (Path(__file__).parents[3] / "docs/reference/image-definition.md").read_text()
    table = page.split("| key | meaning | default |")[1].split("\n\n")[0]
    rows = [row.split("`")[1] for row in table.splitlines() if row.startswith("| `")]
    assert sorted(rows) == sorted(keys(Definition))
