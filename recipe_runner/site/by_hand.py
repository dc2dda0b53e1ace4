"""What to type to check a run by hand, with standard tools alone. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from recipe_runner.journal.records.identity import kind_of

CHAIN = (
    "while IFS= read -r l; do printf '%s\\n' \"$l\" | sha256sum | cut -c-64; done <journal.jsonl"
    " | head -n -1 | diff - <(jq -r .prev journal.jsonl | tail -n +2) && echo the chain holds"
)
LAST_SEAL = "jq -js 'map(select(.t == \"seal\"))[-1].{}' journal.jsonl >{}"
COVERED = '[ "$(head -c "$(sed -n \'s/^bytes: //p\' stmt)" journal.jsonl | sha256sum | cut -c-64)"'
COVERED += " = \"$(sed -n 's/^sha256: //p' stmt)\" ] && echo the seal covers it"


@dataclass(frozen=True, slots=True)
class Check:
    """A command for bash, and what it shows."""

    command: str
    shows: str


def checks(directory: str, policy: str | None, signers: tuple[str, ...]) -> Iterator[Check]:
    """Yield the commands in their order; all but the first two are typed in the run's directory."""
    run = shlex.quote(directory)
    named = shlex.quote(policy) if policy else "POLICY.toml"
    signer = signers[-1] if signers else None
    yield Check(f"recipe verify {run} --policy {named}", "the verdict")
    ssh = signer is not None and kind_of(signer) == "ssh"
    keyring = "ALLOWED_SIGNERS" if ssh else "KEYRING.gpg"
    others = [f"--signer {other}" for other in signers[:-1]]
    if len({kind_of(each) for each in signers}) > 1:
        others.append(f"--keys {'KEYRING.gpg' if ssh else 'ALLOWED_SIGNERS'}")
    words = " ".join(["bash docs/verify-journal.sh", run, keyring, signer or "FINGERPRINT", *others])
    yield Check(words, "the same, without this program; behind it ROLE=FINGERPRINT of each who may approve")
    yield Check(f"cd {run}", "all that follows is typed there")
    yield Check(
        "sha256sum journal.jsonl", "the journal is the one that this page was made of, if the sum is that above"
    )
    yield Check(CHAIN, "each line names the sum of the line before it, so none was changed, added or taken out")
    if signer is None:
        return
    yield Check(LAST_SEAL.format("stmt", "stmt"), "the statement of the last seal")
    yield Check(LAST_SEAL.format("sig", "stmt.asc"), "its signature")
    if ssh:
        command = "ssh-keygen -Y verify -f ALLOWED_SIGNERS -I PRINCIPAL -n recipe-run -s stmt.asc <stmt"
        yield Check(command, f"it is by {signer}, if your own list says so")
    else:
        yield Check(f"gpg --export {signer} >key.gpg", "the certificate, from your own keyring and not from the run")
        yield Check("gpgv --keyring ./key.gpg stmt.asc stmt", f"it is by {signer}; see whether the key was revoked")
    yield Check(COVERED, "the statement is about these very lines")
    command = '(cd blobs && for f in [0-9a-f]*; do echo "$f  $f"; done | sha256sum --quiet -c) && echo blobs as named'
    yield Check(command, "what commands wrote is what the journal names")
