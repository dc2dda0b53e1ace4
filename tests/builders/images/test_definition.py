from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from builders.images.definition import Definition
from builders.images.layers import read_text
from builders.images.matrix import Matrix
from builders.images.model import Model
from recipe_runner.errors import Diagnostic, UsageError
from tests.support.definitions import parse_definition

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
    assert (definition.member, definition.build) == ("bookworm-server-amd64", "server")


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
    assert found[2].hint == "did you mean `title`?"
    assert found[3].message == "`packages` cannot be `-o Evil`"
    assert found[3].hint == "write a package name such as `openssh-server`"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('codename = "../x"', "lower-case word"),
        ('kernel = "--option"', "package name"),
        ('title = "a\\"b"', "one line"),
        ('title = "a\\nb"', "one line"),
        ('title = "a\\u2028serial=1"', "one line"),
        ('title = "a\\u202eb"', "one line"),
        ("documentation = 1", "valid boolean"),
        ('architecture = "arm46"', "did you mean `arm64`?"),
        ('flavour = "server-arm64"', "does not end in an architecture"),
        ("packages = 3", "valid tuple"),
        ('hostname = "-x"', "host name"),
        ('locale = "$(reboot)"', "a locale"),
        ('timezone = "../../etc/shadow"', "use one of `Etc/UTC`"),
        ('timezone = "Europe/Berln"', "did you mean `Europe/Berlin`?"),
        ('debconf = "/etc/shadow"', "below the definition's folder"),
        ('first-boot = ["../x"]', "below the definition's folder"),
        ('tasks = ["a b"]', "package name"),
    ],
)
def test_values_that_could_do_harm_are_refused(line: str, wanted: str) -> None:
    """Words that go into paths, command lines, boot menus and scripts hold nothing but what they must."""
    key = line.split(" ", maxsplit=1)[0]
    rest = "\n".join(text for text in GOOD.splitlines() if not text.startswith(f"{key} "))
    (fault,) = faults(f"{line}\n{rest}\n")
    assert wanted in (fault.hint or "")
    assert fault.span is not None
    assert fault.span.line == 1


def test_a_disk_that_is_too_small_is_refused() -> None:
    """The boot partitions and a root must fit."""
    (fault,) = faults(GOOD.replace("1 GiB", "64 MiB"))
    assert "disk.size" in fault.message


def test_what_does_not_fit_together_is_told_over_the_tables() -> None:
    """A package that is installed and removed, a user twice, arm64 with a BIOS: each at its own line."""
    text = GOOD + '[boot]\nmodes = ["bios"]\n[[users]]\nname = "joe"\n[[users]]\nname = "joe"\n'
    text = f'remove = ["udev"]\narchitecture = "arm64"\n{text}'
    assert [(f.span.line, f.code) for f in faults(text) if f.span] == [(1, "D006"), (10, "D006"), (14, "D006")]


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


def models(annotation: Any) -> list[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    return [found for inner in get_args(annotation) for found in models(inner)]


def keys(model: type[Model], before: str = "") -> list[str]:
    """Return the dotted names of all keys that a definition may have."""
    found = []
    for name, field in model.model_fields.items():
        inner = models(field.annotation)
        path = f"{before}{field.alias or name}"
        found += keys(inner[0], f"{path}.") if inner else [path]
    return found


def test_every_key_is_in_the_reference() -> None:
    """The reference page has a row for each key, and no row for another; partitions are described once."""
    page = (Path(__file__).parents[3] / "docs/reference/image-definition.md").read_text()
    tables = re.findall(r"\| key \| meaning \| default \|\n(.*?)\n\n", page, re.DOTALL)
    rows = {row.split("`")[1] for table in tables for row in table.splitlines() if row.startswith("| `")}
    wanted = {*keys(Definition), *keys(Matrix, "matrix."), "extends", "drop"}
    assert rows == {key for key in wanted if not key.startswith("disks.partitions.")} | {"disks.partitions"}
