"""Public keys by their fingerprints: from a gpg keyring, or among the SSH keys that are known here."""

from __future__ import annotations

from recipe_runner.errors import UnmetError
from recipe_runner.journal.records.identity import kind_of
from recipe_runner.journal.signers.gpg_keys import gpg_options, run_gpg
from recipe_runner.journal.signers.ssh_keys import known_keys
from recipe_runner.sanitise import line


def public_key(primary: str, *, home: str | None = None) -> bytes:
    """Return an armored OpenPGP certificate, or an SSH key as a line; `home` replaces GNUPGHOME.

    Raises UnmetError where the key is not there.
    """
    if kind_of(primary) == "ssh":
        found = next(
            (known.key.line.encode() + b"\n" for known in known_keys() if known.key.fingerprint == primary), b""
        )
        place = "neither the agent nor `~/.ssh` has the public key"
    else:
        found = run_gpg(["gpg", *gpg_options(home), "--batch", "--no-tty", "--armor", "--export", primary])
        place = "the keyring has no certificate"
    if not found:
        raise UnmetError.because(
            f"{place} `{line(primary)}`",
            hint="get it over a channel you trust, compare the fingerprint, and `gpg --import` it"
            if kind_of(primary) != "ssh"
            else "put it into `~/.ssh` as a file that ends in `.pub`",
        )
    return found
