from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.journal.witness.base import Receipt
from recipe_runner.journal.witness.receipts import COUNT_CAP, RECEIPT_CAP, keep, read
from tests.support.durability import Durability


def test_receipts_are_kept_side_by_side(tmp_path: Path) -> None:
    """Each gets a name that says for how many records it is; none replaces another."""
    given = [Receipt("tsa", 10, b"a"), Receipt("tsa", 2, b"b"), Receipt("tsa", 2, b"c"), Receipt("git", 2, b"d")]
    names = [keep(tmp_path, receipt, ".tsr") for receipt in given]
    assert names == [f"witnesses/{n}.tsr" for n in ("10-tsa", "2-tsa", "2-tsa-2", "2-git")]
    assert [(r.kind, r.records, r.data) for r in read(tmp_path)] == [
        ("git", 2, b"d"),
        ("tsa", 2, b"c"),
        ("tsa", 2, b"b"),
        ("tsa", 10, b"a"),
    ]
    assert (tmp_path / "witnesses/2-git.tsr").stat().st_mode & 0o777 == 0o600


def test_the_first_receipt_outlives_a_loss_of_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory that is made for it is as durable as the receipt, which a record is to name."""
    seen = Durability.watched(monkeypatch)
    keep(tmp_path, Receipt("tsa", 2, b"a"), ".tsr")
    assert (seen.renames, seen.lost()) == (1, [])


def test_what_is_no_receipt_is_passed_over(tmp_path: Path) -> None:
    """Links, directories, odd names and large files are none, and a run without receipts has none."""
    assert list(read(tmp_path)) == []
    place = tmp_path / "witnesses"
    place.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (place / "2-tsa.tsr").symlink_to(tmp_path / "secret")
    (place / "3-tsa.tsr").mkdir()
    (place / "4-tsa.tsr").write_bytes(b"x" * (RECEIPT_CAP + 1))
    for name in ("x-tsa.tsr", "05-tsa.tsr", "5-TSA.tsr", ".5-tsa.tsr.77", "5-tsa.tsr.bak", "5\n-tsa"):
        (place / name).write_bytes(b"x")
    assert list(read(tmp_path)) == []
    for n in range(COUNT_CAP + 10):
        (place / f"{n}-git").write_bytes(b"x")
    assert len(list(read(tmp_path))) <= COUNT_CAP
