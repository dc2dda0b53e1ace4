from __future__ import annotations

import pytest

from recipe_runner.errors import UsageError
from recipe_runner.journal.policy_file import OpenPgpPerson, parse_policy

FIRST = "A" * 40


def text(**parts: str) -> str:
    """Return a policy with parts changed."""
    lines = {
        "policy": "policy = 1",
        "signers": f'[[signers]]\nfingerprint = "{FIRST}"\ncertificate = "a.asc"',
        "rest": "",
    }
    return "\n".join((lines | parts).values())


def faults(written: str) -> list[tuple[str, int]]:
    """Return message and line of each fault."""
    with pytest.raises(UsageError) as caught:
        parse_policy(written, "policy.toml")
    return [(fault.message, fault.span.line if fault.span else 0) for fault in caught.value.diagnostics]


def test_everything_a_policy_can_say_is_read() -> None:
    """Signers, recipe, parameters and approvals are read; a fingerprint may have spaces and small letters."""
    spaced = " ".join("a" * 4 for _ in range(10))
    found = parse_policy(
        text(
            signers=f'[[signers]]\nfingerprint = "{spaced}"\ncertificate = "a.asc"',
            rest='[recipe]\nname = "a.md"\nsha256 = "' + "0" * 64 + '"\n[parameters]\nserial = "20091022"\n'
            'regions = ["a", "b"]\n[approvals]\npublish = 2',
        ),
        "policy.toml",
    )
    (signer,) = found.signers
    assert isinstance(signer, OpenPgpPerson)
    assert signer.fingerprint == FIRST
    assert (found.recipe.name, found.recipe.sha256) == ("a.md", "0" * 64)
    assert found.parameters == {"serial": "20091022", "regions": ["a", "b"]}
    assert {step: wanted.count for step, wanted in found.approvals.items()} == {"publish": 2}


@pytest.mark.parametrize(
    ("written", "message", "line"),
    [
        (text(policy="policy = "), "not TOML", 1),
        (text(policy="policy = 2"), "`policy`", 1),
        (text(policy=""), "`policy` is missing", 1),
        (text(signers=""), "`signers` is missing", 1),
        (text(signers="signers = []"), "`signers`", 2),
        (text(signers='[[signers]]\ncertificate = "a.asc"'), "`fingerprint` is missing", 2),
        (text(signers='[[signers]]\nfingerprint = "ABCD"\ncertificate = "a.asc"'), "40 hexadecimal digits", 3),
        (text(rest="[approvals]\npublish = 0"), "`publish`", 6),
        (text(rest="[parameters]\nserial = 20091022"), "`serial`: found `20091022`, wanted a text", 6),
        (text(rest='[recipe]\nsha256 = "abc"'), "`sha256`", 6),
        (text(rest='[recipes]\nname = "x"'), "unknown key `recipes`", 5),
    ],
)
def test_a_fault_is_told_with_its_line(written: str, message: str, line: int) -> None:
    """Whatever is wrong in a policy is said in words, with the line it stands on."""
    found = faults(written)
    assert any(message in told and place == line for told, place in found), found


def test_all_faults_are_told_at_once() -> None:
    """Two unknown keys and a bad fingerprint make three faults."""
    assert len(faults(text(rest='[recipe]\nnames = "x"\n[more]\n').replace(FIRST, "ABC"))) == 3
