"""The secret OpenPGP keys of a keyring, as gpg lists them: which of them can sign, and why the others cannot."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recipe_runner.errors import UnmetError
from recipe_runner.sanitise import line

STATES = {"r": "is revoked", "e": "has expired", "i": "is invalid", "n": "is not valid", "d": "is disabled"}
"""Second field of a key's line (GnuPG, doc/DETAILS)."""
STUB = "#"
HINTS = {"has expired": "extend it with `gpg --quick-set-expire`, or use another key"}


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A primary key or subkey; `obstacle` says why it cannot sign, as the end of a sentence."""

    fingerprint: str
    primary: str
    user: str
    obstacle: str | None


def gpg_options(home: str | None) -> list[str]:
    """Return the options for every call: no option file, no questions, this home if one is given."""
    return ["--no-options", "--no-auto-check-trustdb", *(("--homedir", home) if home else ())]


def secret_keys(home: str | None) -> list[SecretKey]:
    """List the keyring's secret keys, each primary before its subkeys; raises UnmetError where gpg cannot.

    Somebody who has never used gpg has no home of it, and no keys.
    """
    if not (home or os.environ.get("GNUPGHOME") or (Path.home() / ".gnupg").exists()):
        return []
    argv = ["gpg", *gpg_options(home), "--batch", "--no-tty", "--with-colons", "--list-secret-keys"]
    return list(_listed(run_gpg(argv)))


def run_gpg(argv: list[str]) -> bytes:
    """Run gpg and return what it printed; raises UnmetError with its last words where it fails."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise UnmetError.because("`gpg` is not installed", hint="install the package `gnupg`") from error
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise UnmetError.because(f"gpg failed: {line(words[-1])}", hint="check GNUPGHOME and its permissions")
    return done.stdout


def choose(keys: list[SecretKey], fingerprint: str | None) -> SecretKey:
    """Return the key to sign with: the named one, or the only one there is.

    A primary key stands for its newest usable signing subkey, if it has one, as it does for gpg. Raises UnmetError.
    """
    if fingerprint is None:
        return _only(keys)
    named = next((key for key in keys if key.fingerprint == fingerprint.upper().replace(" ", "")), None)
    if named is None:
        raise UnmetError.because(
            f"the keyring has no secret key `{line(fingerprint)}`",
            hint="give a full fingerprint from `gpg --list-secret-keys`, or point GNUPGHOME at the keyring that has it",
        )
    chosen = _for_primary(keys, named) if named.fingerprint == named.primary else named
    if chosen.obstacle:
        raise UnmetError.because(
            f"secret key `{named.fingerprint}` {chosen.obstacle}", hint=HINTS.get(chosen.obstacle, "use another key")
        )
    return chosen


def _only(keys: list[SecretKey]) -> SecretKey:
    primaries = [key for key in keys if key.fingerprint == key.primary]
    usable = [key for key in (_for_primary(keys, primary) for primary in primaries) if not key.obstacle]
    match usable:
        case [key]:
            return key
        case []:
            found = ", ".join(f"`{key.fingerprint}` {key.obstacle}" for key in primaries)
            raise UnmetError.because(
                f"no secret key can sign: {found or 'the keyring has none'}",
                hint="make one with `gpg --quick-generate-key 'Your Name <you@example.org>'`; a run just to try "
                "something out needs none: --no-sign",
            )
    listed = ", ".join(f"`{key.primary}` ({line(key.user)})" for key in usable)
    raise UnmetError.because(f"{len(usable)} secret keys can sign: {listed}", hint="choose one with --key FINGERPRINT")


def _for_primary(keys: list[SecretKey], primary: SecretKey) -> SecretKey:
    subkeys = [k for k in keys if k.primary == primary.fingerprint != k.fingerprint and not k.obstacle]
    return subkeys[-1] if subkeys else primary


def _listed(colons: bytes) -> Iterator[SecretKey]:
    kind, fields, primary, user, state = "", [""], "", "", ""
    waiting: list[tuple[str, str]] = []
    for raw in colons.split(b"\n"):
        columns = raw.decode("utf-8", "replace").split(":")
        match columns[0]:
            case "sec" | "ssb":
                kind, fields = columns[0], columns
                if kind == "sec":
                    yield from (SecretKey(f, primary, user, o or None) for f, o in waiting)
                    waiting, user, state = [], "", columns[1]
            case "fpr" if kind:
                primary = columns[9] if kind == "sec" else primary
                waiting.append((columns[9], _obstacle(state, fields)))
                kind = ""
            case "uid" if not user:
                user = columns[9]
    yield from (SecretKey(f, primary, user, o or None) for f, o in waiting)


def _obstacle(state_of_primary: str, fields: list[str]) -> str:
    state = state_of_primary if state_of_primary in STATES else fields[1]
    if state in STATES:
        return STATES[state]
    if "D" in fields[11]:
        return STATES["d"]
    if fields[14] == STUB:
        return "has no secret part here"
    return "" if "s" in fields[11] else "is not made for signing"
