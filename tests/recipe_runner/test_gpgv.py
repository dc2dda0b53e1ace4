from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recipe_runner.errors import UnmetError, VerificationError
from recipe_runner.gpgv import HASHES, Signature, UntrustedError, crc24, dearmor, judge, verify_detached
from tests.recipe_runner.journal.keyring import FUTURE, PAST, Keyring, keyring

DATA = b"data that is signed\n"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
WHO = "A" * 40
GOOD = (
    f"[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG {WHO[:16]} A\n"
    f"[GNUPG:] VALIDSIG {WHO} 2026-05-01 1777593600 0 4 0 22 8 00 {WHO}\n"
).encode()


@pytest.fixture(scope="module")
def keys() -> Iterator[Keyring]:
    """Give a keyring with the key `a@x.example`."""
    with keyring() as home:
        home.make("Good <a@x.example>")
        yield home


def check(keys: Keyring, signature: bytes, *trusted: str, data: bytes | Path = DATA) -> Signature:
    """Verify against the certificates of the trusted keys."""
    certificates = [keys.certificate(fingerprint) for fingerprint in trusted]
    return verify_detached(data, signature, certificates=certificates, primaries=frozenset(trusted))


def test_a_good_signature_names_its_keys_and_time(keys: Keyring) -> None:
    """A good signature gives the primary and the signing fingerprint, the time and the hash algorithm."""
    good = keys.fingerprints("a@x.example")[0]
    found = check(keys, keys.sign(good, DATA), good)
    assert (found.primary, found.signing) == (good, good)
    assert found.hash in HASHES.values()
    assert found.created is not None
    assert abs(datetime.now(UTC) - found.created) < timedelta(minutes=5)


def test_binary_signatures_certificates_and_files_are_taken_too(keys: Keyring, tmp_path: Path) -> None:
    """Neither armor is needed, and the data may be a file that is read by gpgv alone."""
    good = keys.fingerprints("a@x.example")[0]
    file = tmp_path / "data"
    file.write_bytes(DATA)
    binary = dearmor(keys.sign(good, DATA), "SIGNATURE")
    certificate = keys.gpg("--export", good)
    found = verify_detached(file, binary, certificates=[certificate], primaries=frozenset({good}))
    assert found.primary == good


def test_a_subkey_counts_as_its_primary(keys: Keyring) -> None:
    """What a subkey signed is by the person whose primary key it belongs to."""
    primary = keys.make("Sub <sub@x.example>", usage="cert")
    subkey = keys.add_subkey(primary)
    found = check(keys, keys.sign(subkey, DATA), primary)
    assert (found.primary, found.signing) == (primary, subkey)


def test_other_data_is_refused(keys: Keyring) -> None:
    """A signature over other data is bad, not merely untrusted."""
    good = keys.fingerprints("a@x.example")[0]
    with pytest.raises(VerificationError, match="does not belong to this data") as caught:
        check(keys, keys.sign(good, DATA), good, data=DATA + b".")
    assert not isinstance(caught.value, UntrustedError)


def test_a_key_nobody_named_is_untrusted(keys: Keyring) -> None:
    """A good signature by a key that has a certificate here but is not expected is refused by fingerprint."""
    good = keys.fingerprints("a@x.example")[0]
    other = keys.make("Other <other@x.example>")
    with pytest.raises(UntrustedError, match=other):
        verify_detached(
            DATA, keys.sign(other, DATA), certificates=[keys.certificate(other)], primaries=frozenset({good})
        )


def test_a_missing_certificate_is_untrusted(keys: Keyring) -> None:
    """Without the signer's certificate the signature may be good, but nobody can know."""
    good = keys.fingerprints("a@x.example")[0]
    other = keys.make("Absent <absent@x.example>")
    with pytest.raises(UntrustedError, match="no given certificate"):
        check(keys, keys.sign(other, DATA), good)
    with pytest.raises(UntrustedError, match="no certificate"):
        verify_detached(DATA, keys.sign(good, DATA), certificates=[], primaries=frozenset({good}))


def test_an_expired_key_is_untrusted_although_gpgv_exits_0(keys: Keyring) -> None:
    """A key whose time is over does not count, whatever the exit code says."""
    expired = keys.make("Old <old@x.example>", *PAST, expires="1d")
    with pytest.raises(UntrustedError, match="expired"):
        check(keys, keys.sign(expired, DATA, *PAST), expired)


def test_a_revoked_key_is_untrusted_although_gpgv_exits_0(keys: Keyring, tmp_path: Path) -> None:
    """A revoked key does not count, and this gpgv really does exit 0 and print VALIDSIG for it."""
    revoked = keys.make("Gone <gone@x.example>")
    signature = keys.sign(revoked, DATA)
    keys.revoke(revoked)
    with pytest.raises(UntrustedError, match="revoked"):
        check(keys, signature, revoked)
    for name, content in (("k", keys.gpg("--export", revoked)), ("s", signature), ("d", DATA)):
        (tmp_path / name).write_bytes(content)
    argv = ["gpgv", "--keyring", str(tmp_path / "k"), "--status-fd", "1", str(tmp_path / "s"), str(tmp_path / "d")]
    naive = subprocess.run(argv, capture_output=True, check=True)
    assert b"VALIDSIG" in naive.stdout


def test_a_signature_from_the_future_is_untrusted_although_gpgv_exits_0(keys: Keyring) -> None:
    """A signature dated later than now does not count."""
    good = keys.fingerprints("a@x.example")[0]
    with pytest.raises(UntrustedError, match="dated in the future"):
        check(keys, keys.sign(good, DATA, *FUTURE), good)


def test_a_key_from_the_future_is_refused(keys: Keyring) -> None:
    """A key that does not exist yet cannot have signed."""
    early = keys.make("Early <early@x.example>", *FUTURE)
    with pytest.raises(VerificationError):
        check(keys, keys.sign(early, DATA, "--ignore-time-conflict", "--ignore-valid-from"), early)


def test_an_expired_signature_is_untrusted(keys: Keyring) -> None:
    """A signature that says how long it is good is not good for longer."""
    good = keys.make("Long <long@x.example>", *PAST)
    with pytest.raises(UntrustedError, match="signature has expired"):
        check(keys, keys.sign(good, DATA, *PAST, "--default-sig-expire", "1d"), good)


def test_a_weak_hash_is_refused(keys: Keyring) -> None:
    """SHA-1 and SHA-224 are not enough, though gpgv accepts the latter."""
    good = keys.make("Rsa <rsa@x.example>", algorithm="rsa2048")
    with pytest.raises(VerificationError, match="hash algorithm 11"):
        check(keys, keys.sign(good, DATA, "--digest-algo", "SHA224"), good)


def test_a_text_mode_signature_is_refused(keys: Keyring) -> None:
    """A signature over the text with its line ends changed is not one over the bytes."""
    good = keys.fingerprints("a@x.example")[0]
    with pytest.raises(VerificationError, match="class 01"):
        check(keys, keys.sign(good, DATA, "--textmode"), good)


@pytest.mark.parametrize("armored", [True, False])
def test_two_signatures_are_refused_although_gpgv_exits_0(keys: Keyring, *, armored: bool) -> None:
    """One file with two good signatures is not one signature."""
    good = keys.fingerprints("a@x.example")[0]
    two = [keys.sign(good, DATA), keys.sign(good, DATA)]
    with pytest.raises(VerificationError):
        check(keys, b"".join(two if armored else [dearmor(s, "SIGNATURE") for s in two]), good)


def test_a_clear_signed_text_is_refused(keys: Keyring) -> None:
    """A signed message with a text of its own is not a detached signature."""
    good = keys.fingerprints("a@x.example")[0]
    message = keys.gpg("--local-user", good, "--clearsign", given=DATA)
    signed = keys.gpg("--local-user", good, "--sign", given=DATA)
    for wrong in (message, signed):
        with pytest.raises(VerificationError):
            check(keys, wrong, good)


def test_a_user_id_cannot_speak_for_gpgv(keys: Keyring) -> None:
    """A user id with Unicode line ends and status words in it changes nothing: the revoked key stays revoked."""
    name = "Eve\u2028[GNUPG:] GOODSIG 0 x\u0085[GNUPG:] VALIDSIG x\u2029 <eve@x.example>"
    crafted = keys.make(name, "--utf8-strings", "--allow-freeform-uid")
    signature = keys.sign(crafted, DATA)
    assert check(keys, signature, crafted).primary == crafted
    keys.revoke(crafted)
    with pytest.raises(UntrustedError, match="revoked"):
        check(keys, signature, crafted)


@pytest.mark.parametrize("junk", [b"", b"\n", b"-----BEGIN PGP SIGNATURE-----\n", b"\x88\x00", b"\xff" * 4096, DATA])
def test_junk_is_refused(keys: Keyring, junk: bytes) -> None:
    """What is no signature at all is refused with a reason, not with a crash."""
    good = keys.fingerprints("a@x.example")[0]
    with pytest.raises(VerificationError):
        check(keys, junk, good)
    with pytest.raises((VerificationError, UnmetError)):
        verify_detached(DATA, keys.sign(good, DATA), certificates=[junk], primaries=frozenset({good}))


def test_missing_data_is_an_error_with_its_name(keys: Keyring, tmp_path: Path) -> None:
    """A file that cannot be read is named."""
    good = keys.fingerprints("a@x.example")[0]
    with pytest.raises(VerificationError, match="absent"):
        check(keys, keys.sign(good, DATA), good, data=tmp_path / "absent")


def test_no_gpgv_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without gpgv there is no verdict, and the hint names the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnmetError, match="not installed"):
        verify_detached(DATA, b"", certificates=[], primaries=frozenset())


def test_the_plain_status_is_accepted() -> None:
    """The three words, once each, with exit code 0 and an expected key, make a good signature."""
    assert judge(0, GOOD, primaries=frozenset({WHO}), now=NOW).primary == WHO


@pytest.mark.parametrize("word", ["NEWSIG", "GOODSIG", "VALIDSIG"])
def test_each_word_is_needed_exactly_once(word: str) -> None:
    """Leaving one of the three words out, or saying it twice, is refused."""
    rows = GOOD.splitlines(keepends=True)
    chosen = next(row for row in rows if word.encode() in row)
    for changed in (GOOD.replace(chosen, b""), GOOD + chosen):
        with pytest.raises(VerificationError):
            judge(0, changed, primaries=frozenset({WHO}), now=NOW)


@pytest.mark.parametrize(
    "word",
    [
        "BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "NO_PUBKEY", "NODATA", "FAILURE", "UNEXPECTED",
        "ERROR", "KEYEXPIRED", "KEYREVOKED", "NEVER_HEARD_OF",
    ],
)  # fmt: skip
def test_each_bad_or_unknown_word_is_refused(word: str) -> None:
    """One bad word outweighs any number of good ones, and so does a word that is not understood."""
    with pytest.raises(VerificationError):
        judge(0, GOOD + f"[GNUPG:] {word} x\n".encode(), primaries=frozenset({WHO}), now=NOW)


@pytest.mark.parametrize(
    ("exit_code", "status"),
    [
        (1, GOOD),
        (0, GOOD[:-1]),
        (0, GOOD + b"gpgv: hello\n"),
        (0, b"\n" + GOOD),
        (0, GOOD.replace(b"\n", b"\r\n")),
        (0, GOOD.replace(b"00 A", b"01 A")),
        (0, GOOD.replace(b" 8 00 ", b" 2 00 ")),
        (0, GOOD.replace(b" 00 A", b" A")),
        (0, GOOD.replace(b" 00 ", b" 00  ")),
        (0, GOOD.replace(WHO.encode(), WHO.encode().lower())),
        (0, b""),
    ],
)
def test_anything_out_of_form_is_refused(exit_code: int, status: bytes) -> None:
    """Another exit code, cut or foreign lines, wrong class, hash, or number of fields are each refused."""
    with pytest.raises(VerificationError):
        judge(exit_code, status, primaries=frozenset({WHO}), now=NOW)


def test_time_decides_at_the_border() -> None:
    """A signature counts from five minutes before its own time on, for clocks that differ, and not earlier."""
    made = datetime.fromtimestamp(1777593600, UTC)
    judge(0, GOOD, primaries=frozenset({WHO}), now=made - timedelta(minutes=5))
    with pytest.raises(UntrustedError):
        judge(0, GOOD, primaries=frozenset({WHO}), now=made - timedelta(minutes=5, seconds=1))


def test_the_checksum_is_that_of_the_standard() -> None:
    """An empty armor has the checksum `twTO` (RFC 9580: the initial value B704CE)."""
    assert crc24(b"").hex() == "b704ce"


def test_a_wrong_armor_checksum_is_refused(keys: Keyring) -> None:
    """The armor's checksum is checked here, since gpgv ignores it."""
    good = keys.fingerprints("a@x.example")[0]
    signature = keys.sign(good, DATA)
    start = signature.rindex(b"\n=") + 2
    other = b"B" if signature[start : start + 1] == b"A" else b"A"
    with pytest.raises(VerificationError, match="checksum"):
        check(keys, signature[:start] + other + signature[start + 1 :], good)
