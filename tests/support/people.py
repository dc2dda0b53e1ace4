"""People with key rings of their own, for tests in which more than one of them takes part."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.command import recipe
from tests.support.keyring import make_key


@dataclass(frozen=True)
class Somebody:
    """A person with a key ring of their own."""

    name: str
    home: Path
    key: str

    def does(self, *arguments: str | Path, directory: Path) -> subprocess.CompletedProcess[str]:
        """Run the command with this person's keys."""
        return recipe(*arguments, directory=directory, environ={"GNUPGHOME": str(self.home)})

    def approves(self, request: Path, directory: Path, *more: str) -> Path:
        """Answer a request with nothing but its file at hand; returns the answer."""
        with tempfile.TemporaryDirectory(prefix="desk-") as desk:
            shutil.copy(request, desk)
            done = self.does("approve", request.name, *(more or ("--yes",)), "-o", "answer.json", directory=Path(desk))
            assert done.returncode == 0, done.stderr
            answer = directory / f"{self.name}-{request.stem}.json"
            shutil.copy(Path(desk) / "answer.json", answer)
        return answer


@contextmanager
def somebody(name: str) -> Iterator[Somebody]:
    """Make a person."""
    home = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    try:
        yield Somebody(name, home, make_key(home, name))
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)
