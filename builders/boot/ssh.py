"""A way into a machine: a key, the host keys it may have, and the real ssh client."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.workshop.command import PATH
from recipe_runner.errors import RecipeError, UnmetError, UsageError
from recipe_runner.sanitise import line

ALIAS = "booted-image"
_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair: the private key's file and the public line."""

    private: Path
    public: str


def throw_away_key(work: Path) -> Key:
    """Return a new ed25519 key that lives in `work`."""
    private = work / "key"
    try:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", ALIAS, "-f", private],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except FileNotFoundError as fault:
        raise UnmetError.because("`ssh-keygen` is not installed", hint="apt install openssh-client") from fault
    except subprocess.CalledProcessError as fault:
        raise RecipeError.because(f"ssh-keygen failed: {line(fault.stderr.decode('utf-8', 'replace'))}") from fault
    return Key(private, private.with_suffix(".pub").read_text("utf-8").strip())


def own_key(file: Path) -> Key:
    """Return a person's key by either of its files; the private one is only named to ssh, never read."""
    public = file if file.suffix == ".pub" else file.with_name(f"{file.name}.pub")
    try:
        text = public.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError.because(
            f"cannot read the public key `{line(str(public))}`", hint="name a key whose `.pub` lies beside it"
        ) from fault
    if not re.fullmatch(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: [^\n]*)?", text):
        raise UsageError.because(f"`{line(str(public))}` is not one public key of OpenSSH")
    return Key(public.with_suffix(""), text)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Door:
    """The way to one machine; `known` is the file of the host keys it may have."""

    key: Key
    port: int
    user: str
    known: Path

    def pin(self, host_keys: Sequence[str]) -> None:
        """Believe these host keys from now on, and no others."""
        self.known.write_text("".join(f"{ALIAS} {key}\n" for key in host_keys), "utf-8")

    def argv(self, *options: str, strict: str = "yes") -> list[str]:
        """Return the ssh command, to which a command for the machine may be added; nobody's own settings count."""
        settings = {
            "HostKeyAlias": ALIAS,
            "UserKnownHostsFile": str(self.known),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": strict,
            "IdentitiesOnly": "yes",
        }
        given = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        place = ["-p", str(self.port), f"{self.user}@127.0.0.1"]
        return ["ssh", "-F", "none", "-i", str(self.key.private), *given, *options, *place]

    def ask(self, script: Path, answer: Path) -> subprocess.Popen[bytes]:
        """Start a script of this machine on that one by `sh`; what it says goes to the file `answer`."""
        argv = self.argv("-o", "BatchMode=yes", "-o", f"ConnectTimeout={_SECONDS}")
        with (
            script.open("rb") as asked,
            answer.open("wb") as out,
            answer.with_suffix(".errors").open("wb") as errors,
        ):
            return subprocess.Popen([*argv, "sh -s"], stdin=asked, stdout=out, stderr=errors, env=_environ())

    def methods(self) -> tuple[str, ...]:
        """Return the ways to log in that the machine offers to somebody without a key; none where it does not say."""
        options = ("PreferredAuthentications=none", "PubkeyAuthentication=no", "BatchMode=yes", "ConnectTimeout=60")
        argv = self.argv(*(word for option in options for word in ("-o", option)))
        try:
            done = subprocess.run(
                [*argv, "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False, env=_environ(), timeout=120
            )
        except subprocess.TimeoutExpired:
            return ()
        found = re.search(r"Permission denied \(([a-z0-9@.,-]+)\)", done.stderr.decode("utf-8", "replace"))
        return tuple(found[1].split(",")) if found else ()


def _environ() -> dict[str, str]:
    """No agent: only the key that is named counts."""
    return {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/")}
