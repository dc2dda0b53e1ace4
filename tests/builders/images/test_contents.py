from __future__ import annotations

from pathlib import Path

import pytest

from recipe_runner.errors import Diagnostic, UsageError
from tests.support.definitions import parse_definition

HEAD = 'distribution = "debian"\ncodename = "bookworm"\ntitle = "t"\n[disk]\nsize = "1 GiB"\n'
FIRST = HEAD.count("\n") + 1


def faults(folder: Path, text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(UsageError) as caught:
        parse_definition(HEAD + text, str(folder / "x.toml"))
    return caught.value.diagnostics


def test_a_password_is_never_taken_nor_shown(tmp_path: Path) -> None:
    """Where a hash is wanted, what is no hash may be a password: neither message nor excerpt repeat it."""
    (fault,) = faults(tmp_path, '[[users]]\nname = "joe"\npassword-hash = "hunter2"\n')
    assert fault.span is not None
    assert fault.span.line == FIRST + 2
    assert "hunter2" not in f"{fault.message}{fault.hint}{fault.span.text}"


@pytest.mark.parametrize(
    "key",
    [
        "ssh-ed25519 AAAA joe",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIKZ1JhL0gZ2nWJ6nq4k1cQe5yq0r8B8nVnFQ3m0q3uXo",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        'command=\\"x\\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZ1JhL0gZ2nWJ6nq4k1cQe5yq0r8B8nVnFQ3m0q3uXo',
    ],
)
def test_only_whole_public_keys_let_anybody_in(tmp_path: Path, key: str) -> None:
    """A cut, mislabelled or private key is a fault before it is an open or a closed door."""
    (fault,) = faults(tmp_path, f'[[users]]\nname = "joe"\nssh-keys = ["{key}"]\n')
    assert "users.ssh-keys" in fault.message


def test_root_is_there_already(tmp_path: Path) -> None:
    """Root takes keys, not groups, numbers and sudo."""
    found = faults(tmp_path, '[[users]]\nname = "root"\nuid = 100\nsudo = true\n')
    assert [fault.span.line - FIRST for fault in found if fault.span] == [2, 3]


def test_nothing_runs_in_an_empty_root(tmp_path: Path) -> None:
    """A hook of the first phase can only stand outside."""
    script = tmp_path / "hook"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    (fault,) = faults(tmp_path, '[[hooks]]\nscript = "hook"\nphase = "setup"\n')
    assert "empty root" in fault.message


@pytest.mark.parametrize(("text", "message"), [("a: [", "not YAML at line 1"), ("- a\n", "no mapping")])
def test_settings_of_cloud_init_are_read_before_a_cloud_does(tmp_path: Path, text: str, message: str) -> None:
    """A file that cloud-init could not read is refused."""
    (tmp_path / "settings.yaml").write_text(text)
    (fault,) = faults(tmp_path, '[cloud-init]\nsettings = "settings.yaml"\n')
    assert message in fault.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('mirror = "http://joe:secret@example.org/debian"', "archive.mirror"),
        ('mirror = "http://example.org/ debian"', "archive.mirror"),
        ('snapshot = "yesterday"', "archive.snapshot"),
        ('snapshot = "20250520T000000Z"\nmirror = "http://example.org/"', "its own mirror"),
        ('snapshot-url = "http://example.org/{snapshot}"', "no snapshot is asked for"),
        ('snapshot = "20250520T000000Z"\nsnapshot-url = "http://example.org/{0.__class__}"', "is not known here"),
        ('snapshot = "20250520T000000Z"\nsnapshot-url = "http://example.org/{time}"', "`{time}` is not known"),
        ('proxy = "http://joe:secret@proxy:3128"', "archive.proxy"),
        ('fingerprints = ["AB"]', "archive.fingerprints"),
        ('pockets = ["securty"]', "archive.pockets"),
    ],
)
def test_archives_are_addresses_without_secrets(tmp_path: Path, text: str, message: str) -> None:
    """A definition is published: it holds no passwords, and nothing a sources list could take amiss."""
    assert message in " ".join(fault.message for fault in faults(tmp_path, f"[archive]\n{text}\n"))
