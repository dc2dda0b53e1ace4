from __future__ import annotations

from pathlib import Path

import pytest

from builders.distros.check import find_faults, load_definition
from recipe_runner.errors import Diagnostic, UsageError
from tests.support.karmic import EXAMPLES

TEXT = '[disk]\nsize = "1 GiB"\n'


def faults(path: Path, text: str) -> tuple[Diagnostic, ...]:
    path.write_text(f'codename = "karmic"\ntitle = "t"\n{text}{TEXT}')
    with pytest.raises(UsageError) as caught:
        load_definition(path)
    return caught.value.diagnostics


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_every_example_is_sound(example: Path) -> None:
    """The definitions we show have no fault."""
    assert load_definition(example).codename


def test_an_unknown_family_is_told_with_the_nearest_that_is_known(tmp_path: Path) -> None:
    """A misspelt distribution is shown at its line with the name that was meant."""
    (fault,) = faults(tmp_path / "x.toml", 'distribution = "debain"\n')
    assert (fault.message, fault.hint) == ("unknown distribution `debain`", "did you mean `debian`?")
    assert fault.span is not None
    assert fault.span.line == 3


def test_debian_wants_a_kernel_named(tmp_path: Path) -> None:
    """A Debian image without a kernel could not boot; the hint names one."""
    (fault,) = faults(tmp_path / "x.toml", 'distribution = "debian"\n')
    assert "linux-image-cloud-amd64" in (fault.hint or "")


def test_the_tiny_family_takes_no_packages(tmp_path: Path) -> None:
    """What a family cannot do is refused, not ignored; all of it at once."""
    found = faults(tmp_path / "x.toml", 'distribution = "tiny"\nkernel = "linux"\npackages = ["udev"]\n')
    assert [fault.span.line for fault in found if fault.span] == [4, 5]


def test_all_faults_are_told_in_one_round(tmp_path: Path) -> None:
    """What does not fit together, and what the family cannot do, is told beside misspelt keys and wrong values."""
    text = 'distribution = "tiny"\nkernel = "linux"\npackages = ["udev"]\nremove = ["udev"]\nhostname = "_"\ndisc = 1\n'
    found = faults(tmp_path / "x.toml", text)
    assert [(fault.span.line, fault.code) for fault in found if fault.span] == [
        (4, "D005"),
        (5, "D005"),
        (6, "D005"),
        (6, "D006"),
        (7, "D004"),
        (8, "D002"),
    ]


def test_nothing_is_said_of_keys_that_are_not_sound(tmp_path: Path) -> None:
    """A kernel that cannot be is no kernel that is missing; of an unknown suite nothing is known."""
    (fault,) = faults(tmp_path / "x.toml", 'distribution = "debian"\nkernel = "/"\n')
    assert fault.code == "D004"
    (tmp_path / "y.toml").write_text(f'distribution = "debian"\ncodename = "_"\ntitle = "t"\n{TEXT}')
    assert [fault.code for fault in find_faults([tmp_path / "y.toml"])] == ["D004"]
    (tmp_path / "z.toml").write_text('title = "t"\n')
    assert {fault.code for fault in find_faults([tmp_path / "z.toml"])} == {"D003"}


def test_many_files_are_checked_at_once(tmp_path: Path) -> None:
    """Every fault of every file is told; a file that cannot be read is one fault at its first line."""
    (tmp_path / "a.toml").write_text("distribution = ")
    faults = find_faults([tmp_path / "none.toml", EXAMPLES / "karmic-tiny.toml", tmp_path / "a.toml"])
    assert [(Path(f.span.path).name, f.span.line, f.code) for f in faults if f.span] == [
        ("a.toml", 1, "D001"),
        ("none.toml", 1, None),
    ]
