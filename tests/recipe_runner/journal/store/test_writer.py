from __future__ import annotations

import os
from pathlib import Path

import pytest

from recipe_runner.errors import IncompleteError
from recipe_runner.journal.files import create
from recipe_runner.journal.records.chain import Chain
from recipe_runner.journal.records.lines import decode
from recipe_runner.journal.records.sealing import EVERY, NONE, Cadence
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.store.writer import Writer
from tests.recipe_runner.journal.runs import RUN


def test_preparing_writes_nothing(tmp_path: Path, signer: GpgSigner) -> None:
    """A record and its seal are made before a byte of either is written, and reach the file together."""
    descriptor = create(tmp_path / "journal")
    writer = Writer(descriptor, Chain(), run=RUN, cadence=Cadence(EVERY), signer=signer)
    prepared = writer.prepare("note", {"text": "hello"})
    assert (tmp_path / "journal").read_bytes() == b""
    writer.write(prepared)
    writer.close()
    assert (tmp_path / "journal").read_bytes() == b"".join(prepared.lines)
    assert [decode(raw).type for raw in prepared.lines] == ["note", "seal"]


def test_a_refused_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """When the system takes only a part of a line, that part is cut off again and the chain stays where it was."""
    descriptor = create(tmp_path / "journal")
    writer = Writer(descriptor, Chain(), run=RUN, cadence=Cadence(NONE), signer=None)
    writer.write(writer.prepare("note", {"text": "one"}))
    before = (tmp_path / "journal").read_bytes()
    prepared = writer.prepare("note", {"text": "x" * 100})
    child = os.fork()
    if child == 0:
        import resource

        limit = len(before) + 40
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            writer.write(prepared)
        except OSError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert (tmp_path / "journal").read_bytes() == before
    writer.write(prepared)
    writer.close()
    assert (tmp_path / "journal").read_bytes() == before + prepared.lines[0]


def test_an_unsigned_run_has_no_identity(tmp_path: Path, signer: GpgSigner) -> None:
    """Without sealing nobody signs, even if a key is at hand."""
    writer = Writer(create(tmp_path / "journal"), Chain(), run=RUN, cadence=Cadence(NONE), signer=signer)
    assert writer.identity is None
    assert len(writer.prepare("note", {"text": "x"}).lines) == 1
    writer.close()


def test_what_a_line_cannot_hold_is_an_error(tmp_path: Path) -> None:
    """A value that is no plain data is refused with the record's type."""
    writer = Writer(create(tmp_path / "journal"), Chain(), run=RUN, cadence=Cadence(NONE), signer=None)
    with pytest.raises(IncompleteError, match="`note`"):
        writer.prepare("note", {"text": 0.5})
    writer.close()
