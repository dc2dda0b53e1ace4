from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.site.by_hand import Check, checks
from tests.recipe_runner.export.exported import DONE
from tests.recipe_runner.journal.conftest import keys, signer
from tests.recipe_runner.journal.keyring import Keyring
from tests.recipe_runner.journal.runs import RUN, write_run

__all__ = ["keys", "signer"]


def typed(run: Path, commands: Sequence[Check], home: Path) -> subprocess.CompletedProcess[str]:
    """Type what a report says below "all that follows is typed there"."""
    script = "set -e -o pipefail\n" + "\n".join(check.command for check in commands[2:])
    return subprocess.run(
        ["bash", "-c", script],
        cwd=run.parent,
        env={**os.environ, "GNUPGHOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_report_says_can_be_typed(signer: GpgSigner, keys: Keyring, tmp_path: Path) -> None:
    """The commands succeed on a run as it was written, and say so; a directory's odd name does no harm."""
    run = write_run(tmp_path / "a b'c" / RUN, signer, DONE)
    done = typed(run, list(checks(str(run), None, (signer.primary,))), keys.home)
    assert done.returncode == 0, done.stderr
    for words in ("the chain holds", "the seal covers it", "blobs as named"):
        assert words in done.stdout
    assert "Good signature" in done.stderr


def test_what_was_changed_is_found_by_hand(signer: GpgSigner, keys: Keyring, tmp_path: Path) -> None:
    """An edited line breaks the chain, and a changed blob has another name."""
    run = write_run(tmp_path / RUN, signer, DONE)
    commands = list(checks(str(run), None, (signer.primary,)))
    journal = run / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole.replace(b"rang them up", b"rang nobody!"))
    said = typed(run, commands, keys.home).stdout
    assert "the chain holds" not in said
    assert "the seal covers it" not in said
    journal.write_bytes(whole)
    blob = max((run / "blobs").iterdir())
    blob.write_bytes(blob.read_bytes() + b"x")
    said = typed(run, commands, keys.home).stdout
    assert "the chain holds" in said
    assert "blobs as named" not in said


def test_an_unsigned_run_has_no_seal_to_check() -> None:
    """Without a signer there is nothing that a signature could be checked of."""
    said = [check.command for check in checks("run", "policy.toml", ())]
    assert said[0] == "recipe verify run --policy policy.toml"
    assert not any("gpgv" in command for command in said)


def test_an_ssh_key_is_checked_by_openssh() -> None:
    """A run that an SSH key sealed is checked with ssh-keygen."""
    said = [check.command for check in checks("run", None, (f"SHA256:{'A' * 43}",))]
    assert any(command.startswith("ssh-keygen -Y verify") for command in said)
    assert not any("gpg" in command for command in said)
