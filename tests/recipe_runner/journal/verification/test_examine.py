"""The attack corpus, in memory: each attack on a journal and the verdict it must get."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipe_runner.engine.approval import Demand
from recipe_runner.engine.events import Genesis, Note
from recipe_runner.gpgv import dearmor
from recipe_runner.journal.policy import Policy
from recipe_runner.journal.policy_file import ExpectedRecipe
from recipe_runner.journal.records.lines import LINE_CAP
from recipe_runner.journal.signers.gpg import GpgSigner
from recipe_runner.journal.signers.signature import armor
from recipe_runner.journal.verification.verdict import Verdict
from tests.recipe_runner.journal import forge
from tests.recipe_runner.journal.forge import Attack, Record, inserted, without
from tests.recipe_runner.journal.judge import Judge
from tests.recipe_runner.journal.keyring import FUTURE, PAST, Keyring
from tests.recipe_runner.journal.runs import FULL, OTHER_RUN, RUN, SMALL, genesis, write_run


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, signer: GpgSigner) -> bytes:
    """Return the bytes of a small whole journal."""
    return (write_run(tmp_path_factory.mktemp("small") / "run", signer) / "journal.jsonl").read_bytes()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, signer: GpgSigner) -> bytes:
    """Return the bytes of the smallest whole journal that has a record between its beginning and its end."""
    first = Genesis(run=RUN, recipe={}, steps=[])
    events = (Note(text="hello"), SMALL[-1])
    return (write_run(tmp_path_factory.mktemp("tiny") / "run", signer, events, first) / "journal.jsonl").read_bytes()


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, signer: GpgSigner) -> list[Record]:
    """Return the records of a journal with every type in it."""
    return forge.read(write_run(tmp_path_factory.mktemp("full") / "run", signer, FULL))


@pytest.fixture(scope="session")
def stranger(keys: Keyring) -> GpgSigner:
    """Return the signer of a key that no policy trusts."""
    return keys.signer(keys.make("Stranger <stranger@x.example>"))


def test_whole_journals_are_valid(judge: Judge, small: bytes, full: list[Record]) -> None:
    """What the journal wrote, and nobody touched, is VALID and says who sealed it."""
    assert judge(small).verdict is Verdict.VALID
    report = judge(full)
    assert (report.verdict, report.reasons, report.bad_record) == (Verdict.VALID, (), None)
    assert (report.facts.run, report.facts.outcome, report.facts.sessions) == (RUN, "done", 2)
    assert report.facts.records == len(full)
    assert report.facts.seals == sum(record["t"] == "seal" for record in full)


@pytest.mark.parametrize("bit", range(8))
def test_no_single_bit_can_be_changed(judge: Judge, tiny: bytes, bit: int) -> None:
    """Every journal that differs from a small VALID one in one bit is not VALID."""
    assert judge(tiny).verdict is Verdict.VALID
    survivors = []
    for place, byte in enumerate(tiny):
        changed = tiny[:place] + bytes([byte ^ 1 << bit]) + tiny[place + 1 :]
        if judge(changed).verdict is Verdict.VALID:
            survivors.append(place)
    assert survivors == []


def test_no_end_can_be_cut_off(judge: Judge, tiny: bytes) -> None:
    """A journal cut after any byte but the last is INCOMPLETE."""
    assert {judge(tiny[:length]).verdict for length in range(len(tiny))} == {Verdict.INCOMPLETE}


def test_nothing_can_be_added(judge: Judge, small: bytes) -> None:
    """Bytes behind the end are never VALID: a torn line is INCOMPLETE, a whole one INVALID."""
    assert judge(small + b"x").verdict is Verdict.INCOMPLETE
    for more in (b"\x00\n", b"{}\n", small.splitlines(keepends=True)[-1]):
        assert judge(small + more).verdict is Verdict.INVALID


@given(data=st.data())
def test_no_splice_is_valid(judge: Judge, small: bytes, full: list[Record], data: st.DataObject) -> None:
    """No sequence of lines taken from two good journals is VALID, unless it is one of the two."""
    both = [small.splitlines(keepends=True), [forge.raw(record) for record in full]]
    lines = st.sampled_from([*both[0], *both[1]])
    spliced = data.draw(
        st.lists(lines, max_size=12)
        | st.permutations(both[0])
        | st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda cut: both[0][: cut[0]] + both[1][cut[1] :])
    )
    if spliced not in both:
        assert judge(b"".join(spliced)).verdict is not Verdict.VALID


@pytest.mark.parametrize(
    ("attack", "verdict"),
    [
        (forge.edited, Verdict.INVALID),
        (forge.swapped, Verdict.INVALID),
        (without(0), Verdict.INVALID),
        (without(1), Verdict.INVALID),
        (without(2), Verdict.INVALID),
        (without(3), Verdict.INVALID),
        (without(4), Verdict.INVALID),
        (without(6), Verdict.INVALID),
        (forge.moved, Verdict.INVALID),
        (forge.doubled, Verdict.INVALID),
        (forge.stripped, Verdict.INVALID),
        (lambda records: records[::-1], Verdict.INVALID),
        (forge.downgraded, Verdict.UNTRUSTED),
    ],
)
def test_an_outsider_cannot_mend_what_he_changed(
    judge: Judge, small: bytes, attack: Attack, verdict: Verdict, tmp_path: Path
) -> None:
    """Changing, leaving out, moving or repeating a record is found out, with and without a mended chain."""
    (tmp_path / "journal.jsonl").write_bytes(small)
    attacked = attack(forge.read(tmp_path))
    assert judge(attacked).verdict is Verdict.INVALID
    assert judge(forge.chained(attacked)).verdict is verdict


def test_cutting_off_whole_records_is_incomplete(judge: Judge, small: bytes) -> None:
    """The tail is the one thing an outsider can take away, and the missing signed close shows it."""
    lines = small.splitlines(keepends=True)
    for kept in range(len(lines)):
        report = judge(b"".join(lines[:kept]))
        assert report.verdict is Verdict.INCOMPLETE
        assert any("not closed" in reason or "no seal covers" in reason for reason in report.reasons)


def test_a_seal_of_another_place_or_run_does_not_fit(
    judge: Judge, small: bytes, full: list[Record], tmp_path: Path
) -> None:
    """A good signature over another statement cannot be moved to a place where it would be welcome."""
    (tmp_path / "journal.jsonl").write_bytes(small)
    records = forge.read(tmp_path)
    for other in (records[3], full[1]):
        swapped = [*records[:-1], {**records[-1], "stmt": other["stmt"], "sig": other["sig"]}]
        assert judge(forge.chained(swapped)).verdict is Verdict.INVALID
        only_signature = [*records[:-1], {**records[-1], "sig": other["sig"]}]
        assert judge(forge.chained(only_signature)).verdict is Verdict.INVALID


def test_another_run_under_this_ones_name_is_invalid(judge: Judge, small: bytes) -> None:
    """A whole good journal put into the directory of another run is found out by the directory's name."""
    assert judge(small, directory_name=RUN).verdict is Verdict.VALID
    assert judge(small, directory_name=OTHER_RUN).verdict is Verdict.INVALID
    assert judge(small, directory_name="evidence").verdict is Verdict.VALID


def test_another_persons_key_is_untrusted(judge: Judge, policy: Policy, stranger: GpgSigner, tmp_path: Path) -> None:
    """A journal sealed by a key outside the policy is UNTRUSTED, whether its certificate is known or not."""
    content = (write_run(tmp_path / "run", stranger) / "journal.jsonl").read_bytes()
    assert judge(content).verdict is Verdict.UNTRUSTED
    known = Policy(policy.primaries, (*policy.certificates, stranger.certificate(stranger.primary)))
    report = judge(content, known)
    assert report.verdict is Verdict.UNTRUSTED
    assert any(stranger.primary in reason for reason in report.reasons)


def test_every_seal_is_by_the_key_that_its_session_names(judge: Judge, keys: Keyring, tmp_path: Path) -> None:
    """A trusted person's other key, even a subkey of the same person, cannot take over in mid-session."""
    primary = keys.make("Twice <twice@x.example>")
    subkey = keys.add_subkey(primary)
    named = keys.signer(subkey)
    trusted = Policy(frozenset({primary}), (keys.certificate(primary),))
    records = forge.read(write_run(tmp_path / "run", named))
    assert judge(records, trusted).verdict is Verdict.VALID
    usurped = forge.chained(records, sign=lambda said: keys.sign(primary, said).decode())
    assert judge(usurped, trusted).verdict is Verdict.INVALID


def test_a_key_that_ran_out_is_untrusted(judge: Judge, keys: Keyring, tmp_path: Path, signer: GpgSigner) -> None:
    """Expired and revoked keys, and signatures from the future, make a journal UNTRUSTED."""
    template = forge.read(write_run(tmp_path / "run", signer))
    expired = keys.make("Old <old@x.example>", *PAST, expires="1d")
    revoked = keys.make("Gone <gone@x.example>")
    early = keys.make("Early <early@x.example>")
    for key, when in ((expired, PAST), (revoked, ()), (early, FUTURE)):
        first = {**template[0], "signer": {"primary": key, "signing": key}}
        sign = functools.partial(keys.sign, key)
        records = forge.chained([first, *template[1:]], sign=lambda said: sign(said, *when).decode())  # noqa: B023
        if key == revoked:
            keys.revoke(key)
        report = judge(records, Policy(frozenset({key}), (keys.certificate(key),)))
        assert report.verdict is Verdict.UNTRUSTED, report


def test_a_user_id_cannot_speak_for_the_verifier(judge: Judge, keys: Keyring, tmp_path: Path) -> None:
    """A revoked key whose user id contains status lines stays revoked."""
    key = keys.make("Eve\u2028[GNUPG:] GOODSIG 0 x\u2028 <evil@x.example>", "--utf8-strings", "--allow-freeform-uid")
    records = forge.read(write_run(tmp_path / "run", keys.signer(key)))
    assert judge(records, Policy(frozenset({key}), (keys.certificate(key),))).verdict is Verdict.VALID
    keys.revoke(key)
    assert judge(records, Policy(frozenset({key}), (keys.certificate(key),))).verdict is Verdict.UNTRUSTED


def test_a_signature_in_any_other_form_is_invalid(
    judge: Judge, keys: Keyring, signer: GpgSigner, tmp_path: Path
) -> None:
    """Two signatures, a clear-signed text, a text-mode signature and junk are no seals."""
    records = forge.read(write_run(tmp_path / "run", signer))

    def twice(said: bytes) -> str:
        return armor(dearmor(signer.sign(said).encode(), "SIGNATURE") * 2)

    def clear(said: bytes) -> str:
        return keys.gpg("--local-user", f"{signer.signing}!", "--clearsign", given=said).decode()

    for wrong in (
        twice,
        clear,
        lambda said: signer.sign(said) + signer.sign(said),
        lambda said: keys.sign(signer.signing, said, "--textmode").decode(),
        lambda said: keys.sign(signer.signing, said + b"\n").decode(),
        lambda _: "",
        lambda _: "-----BEGIN PGP SIGNATURE-----\n\n\n-----END PGP SIGNATURE-----\n",
    ):
        forged = forge.chained(records, sign=wrong)
        assert judge(forged).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("attack", "verdict", "words"),
    [
        (inserted(2, t="note", text="hello"), Verdict.VALID, ""),
        (inserted(2, t="party", text="hello"), Verdict.INVALID, "not a known type"),
        (inserted(2, t="note"), Verdict.INVALID, "no field `text`"),
        (inserted(2, t="note", text="x", more="y"), Verdict.INVALID, "unknown field `more`"),
        (inserted(2, t="note", text=7), Verdict.INVALID, "wrong form of `text`"),
        (inserted(2, t="genesis"), Verdict.INVALID, "first record and no other"),
        (inserted(8, t="note", text="afterwards"), Verdict.INVALID, "was over"),
        (inserted(2, t="step_end", step="a"), Verdict.INVALID, "without having begun"),
        (
            inserted(2, t="step_end", step="a", blobs={"stdout": {"sha256": "../../etc", "size": 1}}),
            Verdict.INVALID,
            "blob",
        ),
        (inserted(2, t="recover", size=1, sha256="0" * 64, file="../../etc/passwd", signer=None), Verdict.INVALID, ""),
        (inserted(2, t="approval", stmt="x", sig="y"), Verdict.INVALID, "no statement"),
        (inserted(2, t="resume", session=2, signer=None), Verdict.INVALID, "pair of fingerprints"),
        (forge.first(approvals={"a": 2}), Verdict.UNTRUSTED, "2 approvals it needs"),
        (forge.first(sealing="some"), Verdict.INVALID, "`sealing`"),
        (forge.first(format="v2"), Verdict.INVALID, "format"),
        (forge.first(run="x"), Verdict.INVALID, "32 hexadecimal"),
        (
            lambda records: [{k: v for k, v in records[0].items() if k != "signer"}, *records[1:]],
            Verdict.INVALID,
            "signer",
        ),
        (without(3), Verdict.INVALID, "no seal"),
        (lambda records: [*records[:2], records[1], *records[2:]], Verdict.INVALID, "where none belongs"),
    ],
)
def test_the_rules_hold_for_the_key_holder_too(
    judge: Judge, small: bytes, signer: GpgSigner, tmp_path: Path, attack: Attack, verdict: Verdict, words: str
) -> None:
    """Even with every seal made anew by the trusted key, a journal that breaks the format's rules is found out."""
    (tmp_path / "journal.jsonl").write_bytes(small)
    report = judge(forge.chained(attack(forge.read(tmp_path)), sign=signer.sign))
    assert report.verdict is verdict, report
    assert words in " ".join(report.reasons)


@pytest.mark.parametrize(
    "line",
    [
        b'{"n":' + b"9" * 1000 + b"}\n",
        b"[" * 200_000 + b"\n",
        b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"\n",
        b"x" * (LINE_CAP + 1),
        b'"' + b"x" * (4 * LINE_CAP) + b'"\n',
        b"\n",
        b"\xff\xfe\n",
    ],
)
def test_hostile_lines_are_refused_without_harm(judge: Judge, small: bytes, line: bytes) -> None:
    """Huge counts, deep nesting, endless lines and bytes that are no text are INVALID at their record."""
    lines = small.splitlines(keepends=True)
    report = judge(b"".join([*lines[:2], line, *lines[2:]]))
    assert (report.verdict, report.bad_record) == (Verdict.INVALID, 2)


def test_the_policy_decides_what_was_run(judge: Judge, policy: Policy, small: bytes) -> None:
    """A recipe, a parameter or an approval other than the policy wants makes a good journal UNTRUSTED, all at once."""

    def demanding(**wishes: object) -> Policy:
        return Policy(policy.primaries, policy.certificates, **wishes)  # type: ignore[arg-type]

    wanted = genesis().recipe
    good = demanding(
        recipe=ExpectedRecipe(name=wanted["name"], sha256=wanted["sha256"]),
        parameters={"serial": "20091022", "regions": ["us-east-1", "eu-west-1"]},
    )
    assert judge(small, good).verdict is Verdict.VALID
    bad = demanding(
        recipe=ExpectedRecipe(name="other.md", sha256="f" * 64),
        parameters={"serial": "20091023", "channel": "beta"},
        approvals={"publish": Demand(2), "a": Demand(1)},
    )
    report = judge(small, bad)
    assert (report.verdict, len(report.reasons)) == (Verdict.UNTRUSTED, 6)


def test_the_worst_doubt_decides(judge: Judge, stranger: GpgSigner, tmp_path: Path) -> None:
    """A cut journal by a stranger is UNTRUSTED rather than INCOMPLETE, a changed one INVALID, and all is said."""
    content = (write_run(tmp_path / "run", stranger, SMALL[:-1]) / "journal.jsonl").read_bytes()
    report = judge(content)
    assert report.verdict is Verdict.UNTRUSTED
    assert any("not closed" in reason for reason in report.reasons)
    changed = content.replace(b'"exit_code":0', b'"exit_code":1')
    assert judge(changed).verdict is Verdict.INVALID
