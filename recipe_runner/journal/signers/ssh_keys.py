"""The SSH keys that are known here: those of the agent, and the files of public keys in `~/.ssh`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.errors import UnmetError, VerificationError
from recipe_runner.sanitise import line
from recipe_runner.ssh_key import SshKey

LARGEST = 1 << 16
SUFFIX = ".pub"
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key, and the file of its secret part; without a file, the agent has it."""

    key: SshKey
    file: Path | None


def known_keys() -> Iterator[KnownKey]:
    """Yield the agent's keys, then those of `~/.ssh`; what cannot be read as a key is passed over."""
    for row in agent_keys():
        yield KnownKey(row, None)
    for path in sorted((Path.home() / ".ssh").glob(f"*{SUFFIX}")):
        try:
            yield KnownKey(_read(path), path.with_suffix(""))
        except (OSError, VerificationError):
            continue


def agent_keys() -> list[SshKey]:
    """Return the keys that the agent holds; none where there is no agent. Raises UnmetError without `ssh-add`."""
    if "SSH_AUTH_SOCK" not in os.environ:
        return []
    try:
        done = subprocess.run(
            ["ssh-add", "-L"], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise UnmetError.because("`ssh-add` is not installed", hint="install the package `openssh-client`") from error
    except subprocess.TimeoutExpired as error:
        raise UnmetError.because("the SSH agent gives no answer", hint="see what `ssh-add -L` says") from error
    found = []
    for row in done.stdout.splitlines() if done.returncode == 0 else ():
        try:
            found.append(SshKey.read(row))
        except VerificationError:
            continue
    return found


def key_at(path: Path) -> KnownKey:
    """Return the key of a file, secret or public; raises UnmetError where there is none."""
    public = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
    secret = path.with_suffix("") if path.suffix == SUFFIX else path
    try:
        key = _read(public) if public.exists() else _derived(secret)
    except (OSError, VerificationError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnmetError.because(
            f"`{line(str(path))}` holds no SSH key: {reason}", hint="name a file made by `ssh-keygen`"
        ) from error
    return KnownKey(key, secret if secret.exists() else None)


def unlocked(path: Path) -> bool:
    """Say whether a secret key's file needs no passphrase."""
    return _keygen("-y", "-P", "", "-f", str(path)) is not None


def _derived(secret: Path) -> SshKey:
    written = _keygen("-y", "-P", "", "-f", str(secret)) if secret.exists() else None
    if written is None:
        raise FileNotFoundError(2, f"neither it nor `{line(secret.name)}{SUFFIX}` can be read")
    return SshKey.read(written)


def _keygen(*arguments: str) -> bytes | None:
    try:
        done = subprocess.run(
            ["ssh-keygen", *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS,
            check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise UnmetError.because(
            "`ssh-keygen` is not installed", hint="install the package `openssh-client`"
        ) from error
    return done.stdout if done.returncode == 0 else None


def _read(path: Path) -> SshKey:
    with path.open("rb") as file:
        return SshKey.read(file.read(LARGEST))
