"""Writing policy files, and the certificates beside them that they name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recipe_runner.errors import UsageError
from recipe_runner.journal.files import publish
from recipe_runner.journal.policy_file import fingerprint_of, parse_policy, read_policy
from recipe_runner.journal.records.identity import fingerprint, kind_of
from recipe_runner.journal.signers.signer import Signer
from recipe_runner.sanitise import line
from recipe_runner.ssh_key import SshKey

HEAD = "# Whose signature makes a run's journal trustworthy; read by `recipe verify RUN --policy THIS-FILE`.\n"


def write_policy(path: Path, signer: Signer, roles: Sequence[str] = ()) -> None:
    """Write a policy that trusts one signer, whose OpenPGP certificate goes beside it; raises UsageError."""
    entry = _person(path, "signers", signer.primary, signer.certificate(signer.primary), roles)
    _write(path, f"{HEAD}policy = 1\n{entry}")


def add_approver(path: Path, primary: str, public: bytes, roles: Sequence[str] = ()) -> None:
    """Let somebody approve steps by a policy that is there; raises UsageError where the result would be none."""
    text = read_policy(path)
    if primary in map(fingerprint_of, parse_policy(text, str(path)).approvers):
        raise UsageError.because(
            f"`{path}` names `{primary}` as an approver already", hint="change its `roles` with an editor"
        )
    _write(path, f"{text.rstrip()}\n{_person(path, 'approvers', primary, public, roles)}")


def exact(text: str) -> str:
    """Return the fingerprint that a person has typed in its one form; raises UsageError."""
    found = fingerprint(text)
    if found is None:
        raise UsageError.because(
            f"`{line(text)}` is no fingerprint", hint="give all 40 hexadecimal digits, or `SHA256:…` of an SSH key"
        )
    return found


def _person(path: Path, table: str, primary: str, public: bytes, roles: Sequence[str]) -> str:
    if kind_of(primary) == "ssh":
        entry = f'ssh = "{SshKey.read(public).line}"\n'
    else:
        certificate = path.with_name(f"{path.stem}-{primary}.asc")
        entry = f'fingerprint = "{primary}"\ncertificate = "{certificate.name}"\n'
        _publish(path, certificate, public)
    listed = ", ".join(f'"{role}"' for role in roles)
    return f"\n[[{table}]]\n{entry}" + (f"roles = [{listed}]\n" if roles else "")


def _write(path: Path, text: str) -> None:
    """Write a policy that can be read again."""
    parse_policy(text, str(path))
    _publish(path, path, text.encode())


def _publish(policy: Path, path: Path, data: bytes) -> None:
    try:
        publish(path, data)
    except OSError as error:
        raise UsageError.because(
            f"cannot write `{policy}`: {error.strerror}", hint="name a file in a directory that can be written to"
        ) from error
