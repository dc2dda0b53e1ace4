"""Where a secret comes from when nobody types it: a descriptor, a file, the environment or a command's output."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
from collections.abc import Mapping

from recipe_runner.errors import UsageError

SOURCES = ("fd", "file", "env", "command")
LARGEST = 65_536
"""Bytes; more is not a secret but a mistake."""
LIMIT = 60.0
"""Seconds that a command may take."""


def read_secret(name: str, source: str, environ: Mapping[str, str]) -> str:
    """Return the secret that `source` leads to (`fd:3`, `file:PATH`, `env:NAME`, `command:PROGRAM ARGUMENT…`).

    One line end at its end is dropped. Raises UsageError, which never contains the secret.
    """
    kind, colon, where = source.partition(":")
    if kind not in SOURCES or not colon or not where:
        raise UsageError.because(
            f"secret `{name}`: the source is none of {', '.join(f'`{s}:…`' for s in SOURCES)}",
            hint=f"write --secret {name}=file:PATH, for example",
        )
    try:
        data = _read(kind, where, environ)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        raise UsageError.because(f"secret `{name}` cannot be read from `{kind}:{where}`: {_reason(error)}") from None
    if len(data) > LARGEST:
        raise UsageError.because(f"secret `{name}` from `{kind}:{where}` has more than {LARGEST} bytes")
    return data.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")


def _read(kind: str, where: str, environ: Mapping[str, str]) -> bytes:
    match kind:
        case "env":
            return environ[where].encode("utf-8", "surrogateescape")
        case "fd":
            with os.fdopen(int(where), "rb") as stream:
                return stream.read(LARGEST + 1)
        case "file":
            with open(where, "rb") as stream:  # noqa: PTH123 - symmetrical to the descriptor above
                return stream.read(LARGEST + 1)
        case _:
            return _output(shlex.split(where), environ)


def _output(argv: list[str], environ: Mapping[str, str]) -> bytes:
    """Return what a program prints, which may ask at the terminal; it is ended once that is more than a secret."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=dict(environ)) as process:
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        try:
            data = process.stdout.read(LARGEST + 1) if process.stdout else b""
            code = 0 if len(data) > LARGEST else process.wait()
            if limit.finished.is_set():
                raise subprocess.TimeoutExpired(argv, LIMIT)
        finally:
            limit.cancel()
            process.kill()
    if code:
        raise subprocess.CalledProcessError(code, argv)
    return data


def _reason(error: Exception) -> str:
    """Say why a secret cannot be read; nothing of what was read is in it."""
    match error:
        case OSError(strerror=str(words)):
            return words
        case subprocess.CalledProcessError(returncode=code):
            return f"it ended with {code}"
        case subprocess.TimeoutExpired():
            return f"it took more than {LIMIT:.0f} seconds"
        case KeyError():
            return "there is no such variable"
        case _:
            return "it cannot be understood"
