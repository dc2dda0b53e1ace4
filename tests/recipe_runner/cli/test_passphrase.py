from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.command import only_run, records
from tests.support.keyring import gpg, keyring
from tests.support.terminal import Person

SECRET = "open sesame"
RECIPE = """# Locked

```bash {#one}
gpgconf --kill gpg-agent
echo agent gone
```

```bash {#two}
read -r answer
echo "got <$answer>"
```
"""


@contextmanager
def locked(pinentry: str) -> Iterator[None]:
    """Make a keyring with a key that has a passphrase, which a pinentry for terminals asks for."""
    with keyring() as home:
        (home / "gpg-agent.conf").write_text(f"pinentry-program /usr/bin/{pinentry}\n")
        words = ("--pinentry-mode", "loopback", "--passphrase", SECRET, "--quick-generate-key")
        gpg(home, *words, "Locked <locked@x.example>", "ed25519", "sign")
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=True)
        yield


@pytest.mark.parametrize("pinentry", ["pinentry-tty", "pinentry-curses"])
def test_a_passphrase_is_asked_for_on_the_same_terminal(pinentry: str, tmp_path: Path) -> None:
    """Before the run, and again when the agent has lost it in mid-run; then the pinned lines are where they were."""
    (tmp_path / "locked.md").write_text(RECIPE)
    with locked(pinentry):
        _run_and_unlock(tmp_path)
    run = only_run(tmp_path / "runs")
    assert [record["t"] for record in records(run)][-2:] == ["close", "seal"]
    assert SECRET not in (run / "journal.jsonl").read_text()


def _run_and_unlock(tmp_path: Path) -> None:
    person = Person("run", "locked.md", "--yes", "--runs", "runs", directory=tmp_path, height=40)
    for _ in range(2):
        person.sees("Passphrase")
        assert "Locked <locked@x.example>" in person.screen()
        assert "step 1 of 2" not in person.screen(), "the screen was not given away"
        person.enters(SECRET)
    person.waits(lambda rows: "step 2 of 2" in rows[1] and any("read -r answer" in row for row in rows))
    person.types("the answer")
    assert person.leaves() == 0
    assert "got <the answer>" in person.screen()
