"""What a step costs, beside peers on the same machine in the same run; ratios are what counts.

Run it with the project's interpreter: `.venv/bin/python benchmarks/engine.py [DIR]`. Peers are installed into
throw-away environments, or into DIR, where they are found again the next time; one that cannot be installed is left
out with a message. Exit code 1 where a target is missed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RECIPE = Path(sys.executable).with_name("recipe")
STEPS = 100
ROUNDS = 3
PROVEN = 3
"""Steps by which a peer shows that it runs what it is given."""
INSTALLING = 300.0
"""Seconds that the installation of a peer may take."""
RUNNING = 120.0
"""Seconds that one run of a peer may take."""
UNSIGNED_LIMIT = 2.0
START_LIMIT = 300.0
"""Milliseconds from the call to the first step."""
HEADER = """---
recipe: 1
params:
  name: {type: str, default: world, help: Whom to greet}
requires:
  - command: bash
---

# Say hello

"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool, how it is installed below its directory, and how it runs a file; `{n}` is the number of steps."""

    name: str
    install: tuple[tuple[str, ...], ...]
    argv: tuple[str, ...]
    suffix: str
    head: str
    step: str
    tail: str = ""
    needs: tuple[int, int] = (3, 11)


def pip(*packages: str) -> tuple[tuple[str, ...], ...]:
    """Return the commands that make a virtual environment with these packages."""
    return (("{python}", "-m", "venv", "."), ("bin/pip", "install", "-q", *packages))


FENCE = "```bash\ntrue\n```\n\n"
CELL = '{"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": "%%bash\\ntrue"}'
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
NOTEBOOK = json.dumps({"metadata": KERNEL, "nbformat": 4, "nbformat_minor": 4})[:-1] + ', "cells": ['
PEERS = (
    Peer("paulrun", pip("paulrun"), ("bin/paulrun", "run", "--no-step", "{file}"), "md",
         "---\ntitle: A\n---\n\n## B\n\n", FENCE.replace("bash", "bash run"), needs=(3, 12)),
    Peer("zx", (("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", ".", "zx"),),
         ("node_modules/.bin/zx", "{file}"), "md", "", FENCE),
    Peer("rundoc", pip("rundoc"), ("bin/rundoc", "run", "{file}"), "md", "", FENCE),
    Peer("mechanical-markdown", pip("mechanical-markdown"), ("bin/mm.py", "{file}"), "md", "",
         f"<!-- STEP\nname: one\n-->\n\n{FENCE}<!-- END_STEP -->\n\n"),
    Peer("byexample", pip("byexample"), ("bin/byexample", "-l", "shell", "{file}"), "md", "",
         "```shell\n$ true\n\n```\n\n"),
    Peer("ansible-core", pip("ansible-core"), ("bin/ansible-playbook", "{file}"), "yaml",
         "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n",
         "    - ansible.builtin.command: bash -c true\n"),
    Peer("papermill", pip("papermill", "ipykernel"), ("bin/papermill", "{file}", os.devnull), "ipynb",
         NOTEBOOK, CELL + ",", CELL + "]}"),
)  # fmt: skip


def main() -> int:
    """Print every comparison and return the exit code."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch, keyring() as key:
        place = Path(scratch)
        environments = Path(sys.argv[1]) if len(sys.argv) > 1 else place / "peers"
        bare = loop("bash -c true")
        gpg = loop(f"gpg --batch --yes --local-user {key} --output /dev/null --detach-sign /dev/null")
        print(f"{'':<40} {'ms a step':>10} {'of bare':>8}")
        line("bash -c true, in a loop of bash", bare, bare)
        line("gpg --detach-sign, in a loop of bash", gpg, bare)
        unsigned = ours(place, "--no-sign")
        line("recipe run --no-sign", unsigned, bare)
        sealed = ours(place, "--key", key)
        line("recipe run, sealed", sealed, bare)
        for peer in PEERS:
            try:
                line(peer.name, beside(peer, environments / peer.name, place), bare)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"{peer.name:<40} left out: {reason(error)}")
        limit = UNSIGNED_LIMIT * bare
        missed = [
            verdict("a step, unsigned", unsigned, limit),
            verdict("a step, sealed", sealed, limit + 2 * gpg),
            *(
                verdict(f"the call to the first step, {how}{what}", first_step(place, header, *signing), START_LIMIT)
                for header, what in (("", ""), (HEADER, ", with a header"))
                for how, signing in (("unsigned", ("--no-sign",)), ("sealed", ("--key", key)))
            ),
        ]
        for code in ("pass", "import click", "import pydantic.main"):
            print(f"{f'python -c {code!r}, of that':<58} {fastest([sys.executable, '-c', code], place):8.2f} ms")
    return 1 if any(missed) else 0


def line(name: str, milliseconds: float, bare: float) -> None:
    """Print a row of the table."""
    print(f"{name:<40} {milliseconds:10.2f} {milliseconds / bare:8.1f}", flush=True)


def verdict(name: str, milliseconds: float, limit: float) -> bool:
    """Print how a figure compares with its target; say whether it is missed."""
    missed = milliseconds > limit
    print(f"{name:<58} {milliseconds:8.2f} ms  (target: at most {limit:.2f} ms) {'MISSED' if missed else 'ok'}")
    return missed


def loop(command: str) -> float:
    """Return the milliseconds of one command in a loop of bash."""
    script = f"for ((i = 0; i < {STEPS}; i++)); do {command}; done"
    return fastest(["bash", "-c", script], Path.cwd()) / STEPS


def ours(place: Path, *signing: str) -> float:
    """Return the milliseconds that a step adds to a run of this project."""
    times = []
    for count in (1, STEPS + 1):
        file = place / f"recipe-{count}.md"
        file.write_text("".join(f"```bash {{#s{n}}}\ntrue\n```\n\n" for n in range(count)))
        times.append(fastest([str(RECIPE), "run", str(file), "--yes", "--runs", str(place / "runs"), *signing], place))
    return (times[1] - times[0]) / STEPS


def beside(peer: Peer, directory: Path, place: Path) -> float:
    """Return the milliseconds that a step adds to a run of a peer; raises OSError and SubprocessError."""
    install(peer, directory)
    environ = {**os.environ, "PATH": f"{directory / 'bin'}:{os.environ['PATH']}"}
    prove(peer, directory, place, environ)
    times = [fastest(call(peer, directory, place, count), place, environ=environ) for count in (1, STEPS + 1)]
    return (times[1] - times[0]) / STEPS


def call(peer: Peer, directory: Path, place: Path, count: int, program: str = "true") -> list[str]:
    """Write a file with so many steps, each of which runs a program, and return the command that runs it."""
    file = place / f"{peer.name}-{count}.{peer.suffix}"
    text = peer.head + peer.step * (count - bool(peer.tail)) + peer.tail
    file.write_text(text.replace("true", program))
    name, *arguments = (part.replace("{file}", str(file)) for part in peer.argv)
    return [str(directory / name), *arguments]


def prove(peer: Peer, directory: Path, place: Path, environ: Mapping[str, str]) -> None:
    """Hold a peer to running every step, so that no error is taken for speed; raises OSError and SubprocessError."""
    program, marks = place / f"{peer.name}.sh", place / f"{peer.name}.marks"
    program.write_text(f"#!/bin/sh\necho >> {marks}\n")
    program.chmod(0o755)
    fastest(call(peer, directory, place, PROVEN, str(program)), place, environ=environ, rounds=1)
    ran = len(marks.read_text()) if marks.exists() else 0
    if ran != PROVEN:
        raise OSError(f"it ended with 0, but ran {ran} of {PROVEN} steps")


def install(peer: Peer, directory: Path) -> None:
    """Install a peer unless it is there; raises OSError and SubprocessError."""
    if (directory / peer.argv[0]).exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    for argv in peer.install:
        program, *arguments = (part.replace("{python}", python(peer.needs)) for part in argv)
        path = str(directory / program) if "/" in program and not program.startswith("/") else program
        subprocess.run(
            [path, *arguments], cwd=directory, check=True, timeout=INSTALLING, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip


def python(version: tuple[int, int]) -> str:
    """Return an interpreter of at least this version; raises FileNotFoundError."""
    if sys.version_info >= version:
        return sys.executable
    for minor in range(20, version[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return found
    raise FileNotFoundError(f"it needs Python {version[0]}.{version[1]}")


def first_step(place: Path, header: str, *signing: str) -> float:
    """Return the milliseconds from the call of `recipe run` to the first line of its first step."""
    file, mark = place / "first.md", place / "mark"
    file.write_text(header + '```bash {#first}\necho "$EPOCHREALTIME ${name-}" > mark\n```\n')
    times = []
    for _ in range(ROUNDS + 2):
        began = time.time()
        subprocess.run(
            [str(RECIPE), "run", str(file), "--yes", "--runs", "runs", *signing], cwd=place, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        times.append(float(mark.read_text().split()[0]) - began)
    return min(times) * 1000


def fastest(
    argv: list[str], directory: Path, *, environ: Mapping[str, str] | None = None, rounds: int = ROUNDS
) -> float:
    """Return the milliseconds of the fastest of some runs; raises OSError and SubprocessError."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(
            argv, cwd=directory, env=environ, check=True, timeout=RUNNING, input=b"y\n",
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        times.append(time.perf_counter() - began)
    return min(times) * 1000


def reason(error: OSError | subprocess.SubprocessError) -> str:
    """Say in one line why a peer is left out."""
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or b"").decode("utf-8", "replace").strip().splitlines()
        return f"`{Path(error.cmd[0]).name}` ended with {error.returncode}{': ' + said[-1] if said else ''}"
    return str(error)


@contextmanager
def keyring() -> Iterator[str]:
    """Make a throw-away key that signs, for the time of a `with` block, and yield its fingerprint."""
    home = tempfile.mkdtemp(prefix="g", dir="/tmp")
    os.environ["GNUPGHOME"] = home
    try:
        options = ["--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key"]
        subprocess.run(["gpg", *options, "bench@example.org", "ed25519", "sign"], check=True, capture_output=True)
        listed = subprocess.run(["gpg", "--with-colons", "--list-keys"], check=True, capture_output=True, text=True)
        yield next(row.split(":")[9] for row in listed.stdout.splitlines() if row.startswith("fpr:"))
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
