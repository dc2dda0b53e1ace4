"""SSH keys that sign by `ssh-keygen -Y sign`, from a file or through the agent."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from recipe_runner.errors import IncompleteError, UnmetError
from recipe_runner.journal.signers.certificate import public_key
from recipe_runner.journal.signers.signer import Aside, prove
from recipe_runner.journal.signers.ssh_keys import KnownKey, agent_keys, key_at, known_keys, unlocked
from recipe_runner.memory import memory
from recipe_runner.sanitise import line
from recipe_runner.ssh_key import SshKey, is_fingerprint
from recipe_runner.sshsig import NAMESPACE, form_fault

PREFIX = "ssh:"
TIMEOUT_SECONDS = 600.0
"""Long enough to find a security key and touch it."""
TRIES = 2
"""An interrupt typed while ssh-keygen works reaches it too; the second try is for that."""


@dataclass(frozen=True, slots=True)
class SshSigner:
    """An SSH key: its secret part is in `file`, or in the agent where that is None."""

    key: SshKey
    file: Path | None = field(default=None, compare=False)
    aside: Aside | None = field(default=None, repr=False, compare=False)

    @classmethod
    def find(cls, name: str, *, aside: Aside | None = None) -> SshSigner:
        """Return the key that is named by `ssh:PATH` or `SHA256:…`, after it has signed a probe.

        The agent is preferred to a file. Raises UnmetError where the key is missing, locked, or unable to sign.
        """
        path = Path(name.removeprefix(PREFIX)).expanduser() if name.startswith(PREFIX) else None
        known = key_at(path) if path else _named(name)
        in_agent = known.key in agent_keys()
        if not in_agent and known.file is None:
            raise UnmetError.because(
                f"the secret part of `{known.key.fingerprint}` is neither in a file nor in an agent",
                hint="load it with `ssh-add`, or name its file by `--key ssh:PATH`",
            )
        if not in_agent and known.file and not unlocked(known.file):
            raise UnmetError.because(
                f"`{line(str(known.file))}` has a passphrase, which would be asked for at every seal",
                hint=f"load it once with `ssh-add {line(str(known.file))}`",
            )
        signer = cls(known.key, None if in_agent else known.file, aside)
        prove(signer)
        return signer

    @property
    def primary(self) -> str:
        """The key's fingerprint."""
        return self.key.fingerprint

    @property
    def signing(self) -> str:
        """The key's fingerprint."""
        return self.key.fingerprint

    def sign(self, statement: bytes) -> str:
        """Return an armored signature by exactly this key; raises IncompleteError."""
        said = ""
        for _ in range(TRIES):
            done = self._run(statement)
            if done.returncode == 0:
                text = done.stdout.decode("ascii", "replace")
                fault = form_fault(text, signing=self.signing)
                if fault is None:
                    return text
                raise IncompleteError.because(f"ssh-keygen's signature cannot be used: {fault}")
            said = ((done.stderr or b"").decode("utf-8", "replace").strip().splitlines() or ["no reason given"])[-1]
        raise IncompleteError.because(
            f"ssh-keygen could not sign with `{self.signing}`: {line(said)}",
            hint="see whether `ssh-add -L` lists the key or its file can be read, then `recipe resume`",
        )

    def certificate(self, primary: str) -> bytes:
        """Return somebody's public key; raises UnmetError where it is not there."""
        return f"{self.key.line}\n".encode() if primary == self.primary else public_key(primary)

    def _run(self, statement: bytes) -> subprocess.CompletedProcess[bytes]:
        if self.key.touched and self.aside:
            self.aside()
        with memory(statement) as said, memory(f"{self.key.line}\n".encode()) as public:
            where = [str(self.file)] if self.file else [f"/proc/self/fd/{public}", "-U"]
            try:
                return subprocess.run(
                    ["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", *where],
                    stdin=said,
                    stdout=subprocess.PIPE,
                    stderr=None if self.key.touched else subprocess.PIPE,
                    pass_fds=(public,),
                    timeout=TIMEOUT_SECONDS,
                    check=False,
                )
            except (FileNotFoundError, subprocess.TimeoutExpired) as error:
                reason = "is not installed" if isinstance(error, OSError) else "gave no answer"
                raise IncompleteError.because(
                    f"`ssh-keygen` {reason}", hint="mend this, then `recipe resume`"
                ) from error


def _named(name: str) -> KnownKey:
    """Return the key with a fingerprint; raises UnmetError."""
    if not is_fingerprint(name):
        raise UnmetError.because(
            f"`{line(name)}` is not the fingerprint of an SSH key", hint="copy it whole from `ssh-add -l`"
        )
    known = [known for known in known_keys() if known.key.fingerprint == name]
    if not known:
        raise UnmetError.because(
            f"neither the agent nor `~/.ssh` has an SSH key `{name}`",
            hint="load it with `ssh-add`, or name its file by `--key ssh:PATH`",
        )
    return next((key for key in known if key.file), known[0])
