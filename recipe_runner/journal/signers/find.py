"""How the key that a person names is found, whatever its kind."""

from __future__ import annotations

from pathlib import Path

from recipe_runner.journal.signers.signer import Aside, Signer


def find_signer(key: str | None, *, home: Path | None = None, aside: Aside | None = None) -> Signer:
    """Return the signer that a person names: an OpenPGP fingerprint, `ssh:PATH`, or an SSH key's `SHA256:…`.

    Without a name it is the only OpenPGP key that can sign. `home` replaces GNUPGHOME; `aside` is called before
    somebody is asked for a passphrase. The signer has signed a probe; raises UnmetError where it cannot.
    """
    if key is not None and key.startswith(("ssh:", "SHA256:")):
        from recipe_runner.journal.signers.ssh import SshSigner  # noqa: PLC0415 - runs pay for the signer they use

        return SshSigner.find(key, aside=aside)
    from recipe_runner.journal.signers.gpg import GpgSigner  # noqa: PLC0415

    return GpgSigner.find(key, home=home, aside=aside)
