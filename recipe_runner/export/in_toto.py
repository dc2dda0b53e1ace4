"""A run as in-toto layout and links, signed with OpenPGP, for stock `in-toto-verify` (in-toto 1.x and 3.x).

Classic metadata, because DSSE envelopes carry OpenPGP signatures in neither version. The packages `in-toto` and
`securesystemslib` (extra `attest`) are imported when they are needed; what gpg has signed is read back by them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recipe_runner import __version__
from recipe_runner.engine.events import Approval
from recipe_runner.engine.statement import Statement
from recipe_runner.errors import IncompleteError, UnmetError, VerificationError
from recipe_runner.export.claims import Claim, Said, claims, left_out
from recipe_runner.export.people import People, people_of
from recipe_runner.export.subject import Subject
from recipe_runner.gpgv import dearmor
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.records.identity import kind_of
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.signers.gpg_keys import secret_keys
from recipe_runner.journal.store.blobs import read_blob
from recipe_runner.journal.verification.verdict import Verdict
from recipe_runner.journal.verification.verify import verify
from recipe_runner.sanitise import line

LAYOUT = "root.layout"
EXPIRES = "9999-12-31T23:59:59Z"
"""A layout must end some day. This one tells of what has been; that does not grow old."""
PATIENCE = 600
"""Seconds that gpg may take, a person's passphrase included."""
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,200}")
"""What a link may be called: it becomes a file's name."""
PREFIX = 8
"""Digits of a key's id in the name of a link."""


@dataclass(frozen=True, slots=True)
class Attested:
    """What was written, by file name, and what is still missing: names of links and whose key can make them."""

    files: Mapping[str, bytes]
    wanting: Sequence[tuple[str, tuple[str, ...]]]


def attest(subject: Subject, signer: GpgSigner) -> Attested:
    """Sign what the key may say of a run: the links of the sessions it sealed, and the layout if it closed the run.

    The run is verified first, trusting the keys it names. Raises VerificationError where it is not VALID then, or the
    key has no part in it, UnmetError without the packages or a certificate, IncompleteError where gpg does not sign.
    """
    _import()
    people = people_of(subject.account)
    certificates = {primary: _certificate(subject, signer, primary) for primary in people.all()}
    demanded = claims(subject.account, subject.kept(), subject.journal_sha256())
    _refuse_unproven(subject, people, tuple(certificates.values()))
    keys = {
        primary: _public(certificates[primary], primary)
        for primary in dict.fromkeys(primary for claim in demanded for primary in claim.by)
    }
    mine = [claim for claim in demanded if signer.primary in claim.by and claim.said]
    if not mine:
        raise VerificationError.because(
            f"key `{signer.primary}` has no part in this run", hint=f"use {' or '.join(f'`{key}`' for key in keys)}"
        )
    if odd := [claim.name for claim in mine if not NAME.fullmatch(claim.name)]:
        raise VerificationError.because(f"`{line(odd[0])}` is no step's id, and no file is named so")
    pen = _pen(signer, keys[signer.primary])
    files = {f"{claim.name}.{pen.fingerprint[:PREFIX].lower()}.link": pen.signed(_link(claim)) for claim in mine}
    if demanded[-1].by == (signer.primary,):
        files[LAYOUT] = pen.signed(_layout(subject, demanded, keys))
    wanting = [
        (claim.name, tuple(primary for primary in claim.by if primary != signer.primary))
        for claim in demanded
        if claim not in mine or claim.threshold > 1
    ]
    return Attested(files, wanting)


def signer_of(subject: Subject, key: str | None) -> GpgSigner:
    """Return the key to attest with: the named one, or the one that closed the run.

    Raises VerificationError for an unsigned run, UnmetError for one that an SSH key sealed, and what `GpgSigner.find`
    raises.
    """
    sealed_by = subject.account.signers
    if not sealed_by:
        raise VerificationError.because("the run is unsigned: nobody can attest it", hint="export another form of it")
    if others := [signer for signer in sealed_by if kind_of(signer) != "openpgp"]:
        raise UnmetError.because(
            f"in-toto cannot use the SSH key `{others[0]}` that sealed this run", hint="seal runs with OpenPGP keys"
        )
    return GpgSigner.find(key or sealed_by[-1])


def _import() -> None:
    try:
        import in_toto.models.metadata  # noqa: F401, PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise UnmetError.because(
            f"`{line(str(error.name))}` is not installed", hint="pip install 'recipe-runner[attest]'"
        ) from error


def _certificate(subject: Subject, signer: GpgSigner, primary: str) -> bytes:
    """Return a public key from the signer's keyring, else an approver's own as it is kept with the run.

    Either is only as good as its fingerprint, which is what everything else goes by. Raises UnmetError.
    """
    if kind_of(primary) != "openpgp":
        raise UnmetError.because(f"in-toto cannot use the SSH key `{primary}`", hint="approve with OpenPGP keys")
    try:
        return signer.certificate(primary)
    except UnmetError:
        for entry in subject.account.entries:
            match entry.event:
                case Approval(certificate={"sha256": str(sha256)}, answer=Statement(approver=who)) if who == primary:
                    return read_blob(subject.directory, sha256)
                case _:
                    pass
        raise


def _refuse_unproven(subject: Subject, people: People, certificates: tuple[bytes, ...]) -> None:
    """Raise VerificationError unless the journal is VALID by the keys that it names."""
    policy = Policy(
        frozenset(people.signers),
        certificates,
        approvers=frozenset(people.approvers),
        roles=dict.fromkeys(people.all(), frozenset(people.roles)),
    )
    report = verify(subject.directory, policy)
    if report.verdict is not Verdict.VALID:
        raise VerificationError.because(
            f"the run is {report.verdict.value}, so it is not attested: {report.reasons[0]}",
            hint="see what `recipe verify` says",
        )


def _public(certificate: bytes, primary: str) -> dict[str, Any]:
    """Return a public key as in-toto has it in a layout; raises UnmetError for a kind of key that it does not know."""
    from securesystemslib._gpg.common import get_pubkey_bundle  # noqa: PLC0415

    try:
        key: dict[str, Any] = get_pubkey_bundle(dearmor(certificate, "PUBLIC KEY BLOCK"), primary.lower())
    except Exception as error:  # the packages raise what they like on keys they do not know
        raise UnmetError.because(
            f"in-toto cannot use the key `{primary}`: {line(str(error))}", hint="it knows RSA, DSA and Ed25519"
        ) from error
    return key


def _link(claim: Claim) -> Any:  # noqa: ANN401 - a class of a package that is imported late
    from in_toto.models.link import Link  # noqa: PLC0415

    said = claim.said or Said()
    return Link(
        name=claim.name,
        command=list(said.command),
        materials={path: {"sha256": sha256} for path, sha256 in said.materials.items()},
        products={path: {"sha256": sha256} for path, sha256 in said.products.items()},
        byproducts=dict(said.byproducts),
        environment=dict(said.environment),
    )


def _layout(subject: Subject, demanded: Sequence[Claim], keys: Mapping[str, dict[str, Any]]) -> Any:  # noqa: ANN401
    from in_toto.models.layout import Layout, Step  # noqa: PLC0415

    steps = [
        Step(
            name=claim.name,
            pubkeys=[keys[primary]["keyid"] for primary in claim.by],
            threshold=claim.threshold,
            expected_command=list(claim.said.command) if claim.said else [],
            expected_materials=[list(rule) for rule in claim.materials],
            expected_products=[list(rule) for rule in claim.products],
        )
        for claim in demanded
    ]
    return Layout(
        steps=steps,
        keys={key["keyid"]: key for key in keys.values()},
        expires=EXPIRES,
        readme="\n".join(_readme(subject)),
    )


def _readme(subject: Subject) -> Iterator[str]:
    account = subject.account
    yield f"Run {account.genesis.run} of {line(account.recipe_name)}, written down by recipe-runner {__version__}"
    yield "from the run's signed journal. Layout and links were made after the run, by those who ran it."
    for text in left_out(account):
        yield f"Not demanded: {line(text)}"


@dataclass(frozen=True, slots=True)
class _Pen:
    """The key that signs: its fingerprint, its keyring's home, and its person's key as in-toto has it."""

    fingerprint: str
    home: str | None
    key: Mapping[str, Any]

    def signed(self, signable: Any) -> bytes:  # noqa: ANN401 - see `_link`
        """Return a signed metablock whose signature in-toto itself has read back; raises IncompleteError."""
        from in_toto.models.metadata import Metablock  # noqa: PLC0415
        from securesystemslib._gpg.functions import create_signature  # noqa: PLC0415

        block = Metablock(signed=signable, signatures=[])
        try:
            made = create_signature(signable.signable_bytes, f"{self.fingerprint}!", self.home, timeout=PATIENCE)
            block.signatures.append(made)
            block.verify_signature(dict(self.key))
        except Exception as error:  # see `_public`
            raise IncompleteError.because(
                f"gpg's signature by `{self.fingerprint}` cannot be used: {line(str(error))}",
                hint="see whether gpg-agent runs and the key is unlocked",
            ) from error
        return json.dumps(block.to_dict(), sort_keys=True, indent=1).encode() + b"\n"


def _pen(signer: GpgSigner, key: Mapping[str, Any]) -> _Pen:
    """Choose the key that signs: the signer's own, or its primary where in-toto does not know the subkey.

    in-toto 3.1 hashes a subkey's binding wrongly where the key is short (Ed25519), and leaves the subkey out.
    """
    known = {key["keyid"], *key.get("subkeys", {})}
    able = {secret.fingerprint for secret in secret_keys(signer.home) if secret.obstacle is None}
    for fingerprint in (signer.signing, signer.primary):
        if fingerprint.lower() in known and fingerprint in able:
            return _Pen(fingerprint, signer.home, key)
    raise UnmetError.because(
        f"in-toto does not know the signing subkey `{signer.signing}`, and its primary key cannot sign here",
        hint="bring the primary key's secret part, or sign runs with an RSA subkey",
    )
