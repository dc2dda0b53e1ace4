"""What building an image costs, beside the bare commands and beside peers, in the same run; ratios are what counts.

Run it as root with the project's interpreter: `.venv/bin/python benchmarks/builder.py [--rounds N] [--boot] [NAME…]`.
Every tool makes a bootable Debian of the same packages, from the machine's own mirror, into a raw disk and a qcow2. A
tool that is not installed or cannot work on this kernel is left out with its own words. Exit code 1 where a target is
missed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from gauge import Builder, Measured, measured
from ways import Ours, bare, with_debootstrap, with_mkosi, with_vmdb2

LIMITS = {"bare commands": 1.1, "debootstrap, same image step": 1.0, "mkosi": 1.0, "vmdb2": 1.0}
"""How many times as long as these our own build may take."""


def main() -> int:
    """Print every comparison and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, metavar="N")
    parser.add_argument("--boot", action="store_true", help="boot each result under BIOS")
    parser.add_argument("names", nargs="*", metavar="NAME")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir="/var/tmp") as folder:
        place = Path(folder)
        place.chmod(0o755)
        caching = Ours(place)
        builders = (
            Builder("bare commands", bare),
            Builder("recipe image build", caching.cold),
            Builder("the same, all kept", caching.warm),
            Builder("the same, other kernel arguments", caching.late),
            Builder("debootstrap, same image step", with_debootstrap, "debootstrap"),
            Builder("mkosi", with_mkosi, "mkosi"),
            Builder("vmdb2", with_vmdb2, "vmdb2"),
        )
        heads = ("seconds", "of bare", "cpu", "of bare", "memory", "disk", "qcow2")
        print(f"{'':<34}{''.join(f'{head:>9}' for head in heads)}  same bytes  boots")
        found: dict[str, Measured] = {}
        for builder in builders:
            if asked.names and not any(name in builder.name for name in asked.names):
                continue
            if builder.needs and not shutil.which(builder.needs):
                print(f"{builder.name:<34} left out: `{builder.needs}` is not installed", flush=True)
                continue
            try:
                found[builder.name] = measured(builder, place, asked.rounds, boot=asked.boot)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"{builder.name:<34} left out: {reason(error)}", flush=True)
                continue
            show(builder.name, found)
    missed = [name for name, limit in LIMITS.items() if verdict(found, name, limit)]
    return 1 if missed else 0


def verdict(found: dict[str, Measured], name: str, limit: float) -> bool:
    """Print how our build compares with another; say whether the target is missed."""
    ours = found.get("recipe image build")
    if ours is None or name not in found:
        return False
    ratio = median(ours.seconds) / median(found[name].seconds)
    missed = ratio > limit
    print(f"{f'ours : {name}':<43} {ratio:8.2f}  (target: at most {limit:.1f}) {'MISSED' if missed else 'ok'}")
    return missed


def show(name: str, found: dict[str, Measured]) -> None:
    """Print a row of the table."""
    own = found[name]
    seconds = median(own.seconds)
    plain = found.get("bare commands", own)
    spent = median(own.work)
    mebibytes = [f"{size / (1 << 20):.0f}" for size in (own.memory, own.disk, own.size)]
    same = {0: "", 1: "yes"}.get(len(own.hashes), "no") if len(own.seconds) > 1 else ""
    times = (seconds, seconds / median(plain.seconds), spent, spent / median(plain.work))
    cells = [*(f"{figure:.2f}" for figure in times), *mebibytes]
    print(f"{name:<34}{''.join(f'{cell:>9}' for cell in cells)}  {same:<10}  {own.boots}", flush=True)


def reason(error: OSError | subprocess.SubprocessError) -> str:
    """Say in one line why a peer is left out: what it did last before its first complaint, and the complaint."""
    if not isinstance(error, subprocess.CalledProcessError):
        return str(error)
    said = [row.strip() for row in error.stdout.decode("utf-8", "replace").splitlines() if row.strip()]
    first = next((n for n, row in enumerate(said) if re.search(r"error|unknown|cannot|denied", row, re.IGNORECASE)), -1)
    before = f"{said[first - 1][:80]} … " if first > 0 and said[first - 1].startswith("Exec") else ""
    return f"it ended with status {error.returncode}: {before}{said[first][:120] if said else 'without a word'}"


if __name__ == "__main__":
    sys.exit(main())
