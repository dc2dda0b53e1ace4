from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from builders.qcow2 import is_qcow2, refuse_references
from recipe_runner.errors import UsageError


def test_a_name_with_a_colon_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`nbd:disk.img` in the working directory is looked at as the file it is, not as a server on the network."""
    image = Path("nbd:disk.img")
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", str(tmp_path / image), "1M"]
    subprocess.run(argv, check=True, timeout=60)
    monkeypatch.chdir(tmp_path)
    assert is_qcow2(image)
    refuse_references(image)


def test_a_file_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(UsageError, match="cannot read `"):
        is_qcow2(tmp_path / "none.img")
