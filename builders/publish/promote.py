"""Promotion: a named daily build becomes a milestone of the release, byte for byte, under the release's signature."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builders.publish.progress import Say
from builders.publish.signing import certificate, sign
from builders.publish.sums import format_sums, verify_sums
from builders.publish.tree import SIGNATURE, SUMS, Tree
from recipe_runner.errors import RecipeError, UnmetError


@dataclass(frozen=True, slots=True)
class Promotion:
    """Which daily becomes which milestone; keys are fingerprints of primary keys."""

    codename: str
    serial: str
    milestone: str
    signed_by: str
    key: str


def promote(tree: Tree, promotion: Promotion, say: Say) -> Path:
    """Return the release's directory, made from the daily's signed files by hard links and signed anew.

    A release that stands there already with the same files, signed by the same key, is found and not made twice.
    Raises VerificationError when the daily or that release is not what its signature promises, UnmetError when
    another release has the name.
    """
    final = tree.release(promotion.codename, promotion.milestone or None, promotion.serial)
    daily = tree.daily(promotion.codename, promotion.serial)
    promised = verify_sums(
        daily, certificates=[certificate(promotion.signed_by)], primaries=frozenset({promotion.signed_by})
    ).digests
    say(f"{daily}: signature and {len(promised)} files verified")
    if final.exists():
        _recognise(final, promised, promotion.key)
        say(f"{final}: found, with the same files")
        return final
    with tree.staging(final) as staged:
        for name in promised:
            _link(daily / name, staged / name)
        listing = format_sums(promised)
        (staged / SUMS).write_bytes(listing)
        (staged / SIGNATURE).write_bytes(sign(listing, promotion.key))
        _recognise(staged, promised, promotion.key)
    say(f"{final}: {len(promised)} files, signed by {promotion.key}")
    return final


def _recognise(release: Path, promised: Mapping[str, str], key: str) -> None:
    found = verify_sums(release, certificates=[certificate(key)], primaries=frozenset({key})).digests
    if found != promised:
        raise UnmetError.because(
            f"`{release}` exists already with other files than the daily's", hint="promote another serial"
        )


def _link(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target, follow_symlinks=False)
    except OSError as fault:
        raise RecipeError.because(f"cannot link `{source}` to `{target}`: {fault.strerror}") from fault
