"""The command `recipe` in children of a process that has imported it: all it does, for a tenth of what its start takes.

Usage: python -m tests.support.warm    (standard input: a socket on which requests arrive)

A request is a connection, handed over with the standard output and error that the child is to have; arguments,
directory and environment come on it as JSON, and the exit code is answered. The child is a process like any other, with
descriptors, variables, time zone and signals of its own; what a start imports is what `test_main` looks at.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

LIMIT = 300
"""Seconds after which a child is ended by an alarm."""


class Warm:
    """The process that has imported the command; started at the first use, it ends with its user."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair()
        argv = [sys.executable, "-m", __name__]
        with theirs:
            self._process = subprocess.Popen(
                argv,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=Path(__file__).parents[2],
                start_new_session=True,
            )

    def run(
        self, words: Sequence[str], directory: Path, environ: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run the command in a child and return what came of it."""
        ours, theirs = socket.socketpair()
        out, err = os.pipe(), os.pipe()
        with theirs:
            socket.send_fds(self._requests, [b"r"], [theirs.fileno(), out[1], err[1]])
        os.close(out[1])
        os.close(err[1])
        with ours, os.fdopen(out[0]) as said, os.fdopen(err[0]) as complained, ThreadPoolExecutor(1) as beside:
            ours.sendall(json.dumps([*map(str, (directory, *words))]).encode() + b"\n")
            ours.sendall(json.dumps(dict(environ)).encode() + b"\n")
            stderr = beside.submit(complained.read)
            stdout = said.read()
            return subprocess.CompletedProcess(words, int(ours.recv(8)), stdout, stderr.result())

    def stop(self) -> None:
        """End the process."""
        self._requests.close()
        self._process.wait()


def load() -> None:
    """Import what the verbs import, early or late, as far as it is there."""
    for name in ("recipe_runner", "builders.commands"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            with suppress(ImportError):
                importlib.import_module(module.name)


def child(requests: socket.socket) -> list[str]:
    """Wait for a request; returns its words in the child that is to run it, after all of them are answered none."""
    while True:
        _, handed, _, _ = socket.recv_fds(requests, 1, 3)
        if not handed:
            return []
        if os.fork() == 0:
            break
        for descriptor in handed:
            os.close(descriptor)
    requests.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(fileno=handed[0]) as connection, connection.makefile() as asked:
        directory, *words = map(str, json.loads(asked.readline()))
        environ = json.loads(asked.readline())
        process = os.fork()
        if process:
            for descriptor in handed[1:]:
                os.close(descriptor)
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            connection.sendall(str(code).encode())
            os._exit(0)
    for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), *handed[1:])):
        os.dup2(descriptor, number)
        os.set_inheritable(number, True)
        if descriptor > 2:
            os.close(descriptor)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    return words


def main() -> None:
    """Answer each request in a child, until nobody is there to make any."""
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.argv = child(socket.socket(fileno=0))
    if sys.argv:
        signal.alarm(LIMIT)
        sys.exit(importlib.import_module("recipe_runner.cli.main").run(sys.argv[1:]))


if __name__ == "__main__":
    main()
