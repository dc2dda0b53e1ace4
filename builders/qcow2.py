"""Images that may come from anywhere: qcow2 told by its first bytes, all refused where they refer to other files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from recipe_runner.errors import RecipeError, UnmetError, UsageError
from recipe_runner.sanitise import line

MAGIC = b"QFI\xfb"
LIMIT = 1800.0
"""Seconds that a conversion may take."""


def is_qcow2(image: Path) -> bool:
    """Tell qcow2 from every other form; raises UsageError for a file that cannot be read."""
    try:
        with image.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError as fault:
        raise UsageError.because(f"cannot read `{line(str(image))}`: {fault.strerror}") from fault


def refuse_references(image: Path, form: str = "qcow2") -> None:
    """Raise UsageError where QEMU would open other files of this machine: a backing file, external data, other extents.

    They would bring in bytes that nobody signed, or show a guest what it must not see.
    """
    facts = json.loads(qemu_img("info", "--output=json", "-f", form, image))
    details = facts.get("format-specific", {}).get("data", {})
    extents = [extent.get("filename") for extent in details.get("extents", ())]
    others = [("data file", name) for name in (details.get("data-file"), *extents) if name != str(image.absolute())]
    for kind, name in (("backing file", facts.get("backing-filename")), *others):
        if name:
            raise UsageError.because(
                f"`{line(str(image))}` refers to the {kind} `{line(str(name))}`, wanted none",
                hint="flatten it with `qemu-img convert -O qcow2`, if you trust it",
            )


def qemu_img(verb: str, *arguments: str | Path) -> bytes:
    """Run `qemu-img` and return what it prints; paths are made absolute, since it takes `word:` for a protocol.

    Raises UnmetError where it is not installed, RecipeError with its words where it fails.
    """
    words = [str(word.absolute()) if isinstance(word, Path) else word for word in arguments]
    try:
        done = subprocess.run(["qemu-img", verb, *words], capture_output=True, check=True, timeout=LIMIT)
    except FileNotFoundError as fault:
        raise UnmetError.because("`qemu-img` is not installed", hint="install the package `qemu-utils`") from fault
    except subprocess.CalledProcessError as fault:
        reason = line(fault.stderr.decode("utf-8", "replace").strip())
        raise RecipeError.because(f"`qemu-img {verb}` failed: {reason}") from fault
    except subprocess.TimeoutExpired as fault:
        raise RecipeError.because(f"`qemu-img {verb}` took longer than {LIMIT:.0f} seconds") from fault
    return done.stdout
