"""`bash -n` over all the shell code of a recipe, in one process where all of it is sound.

Blocks are parsed by bash itself, each inside a construct that a faulty block cannot leave by accident, and followed by
a sentinel: a command substitution with an unterminated here-document, about which bash 5 warns by line number when,
and only when, it meets it outside quotes and here-documents. All sentinels seen at their lines means that every block
is complete. Otherwise the blocks are halved until the faulty ones are alone, and bash's own words about each are
reported. Where a version of bash words its warning otherwise, that costs time, never a wrong verdict.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence

from recipe_runner.errors import Diagnostic, Span, UnmetError
from recipe_runner.language.codes import Code
from recipe_runner.language.model import Script
from recipe_runner.sanitise import line

BEFORE = "{ { ( case x in (x) :\n"
AFTER = "\n;; esac ) } }\n: $(: <<E)\nE\n: '$(: <<E)'\n"
SEEN = re.compile(r"/dev/stdin: line ([0-9]+): warning: command substitution: 1 unterminated here-document")
REST = re.compile(
    r"/dev/stdin: line [0-9]+: warning: here-document at line [0-9]+ delimited by end-of-file \(wanted `E'\)"
)
SAID = re.compile(r"/dev/stdin: line ([0-9]+): (.*)")
UNENDED = re.compile(r"warning: here-document at line ([0-9]+) delimited by end-of-file \(wanted `(.*)'\)")
TOKEN = re.compile(r"(?:unexpected token|matching) `(.*)'")
QUOTED = re.compile(r"`([^`]*)'")
SECONDS = 60


def check_bash(scripts: Sequence[Script]) -> Iterator[Diagnostic]:
    """Yield the syntax errors of bash scripts; raises UnmetError where there is no bash."""
    if not scripts or _sound(scripts):
        return
    if len(scripts) == 1:
        yield from _errors(scripts[0])
        return
    middle = len(scripts) // 2
    yield from check_bash(scripts[:middle])
    yield from check_bash(scripts[middle:])


def _sound(scripts: Sequence[Script]) -> bool:
    """Tell whether bash found every block complete and without errors."""
    parts, sentinels, row = [], set(), 1
    for script in scripts:
        part = f"{BEFORE}{script.text}{AFTER}"
        row += part.count("\n")
        sentinels.add(row - 3)
        parts.append(part)
    code, said = _parse("".join(parts))
    seen = {int(match[1]) for text in said if (match := SEEN.fullmatch(text))}
    return code == 0 and seen == sentinels and all(SEEN.fullmatch(text) or REST.fullmatch(text) for text in said)


def _errors(script: Script) -> Iterator[Diagnostic]:
    code, said = _parse(script.text)
    for text in said:
        match = SAID.fullmatch(text)
        if match is None or match[2].startswith("`"):
            continue
        if unended := UNENDED.fullmatch(match[2]):
            row = int(unended[1]) - 1
            yield Diagnostic(
                f"bash: the here-document is never ended, wanted a line `{line(unended[2])}`",
                _word(script, row, "<<"),
                f"add a line `{line(unended[2])}` without spaces around it",
                Code.BASH_SYNTAX,
            )
        elif code:
            problem = QUOTED.sub(r"`\1`", match[2])
            token = TOKEN.search(match[2])
            yield Diagnostic(
                f"bash: {line(problem)}",
                _word(script, int(match[1]) - 1, token[1] if token else ""),
                _remedy(problem),
                Code.BASH_SYNTAX,
            )
            return
    if code and not said:
        yield Diagnostic("bash: cannot read the code", script.passage().span(0), "write simpler code", Code.BASH_SYNTAX)


def _remedy(problem: str) -> str:
    if "looking for matching" in problem:
        return "close what is opened here"
    if "end of file" in problem:
        return "end what was begun, with `fi`, `done`, `esac`, `)` or `}`"
    return "correct the code, bash would refuse it"


def _word(script: Script, row: int, word: str) -> Span:
    """Return the place of the last `word` in a row of the script; a row behind the end is the last one with text."""
    rows = script.text.rstrip().split("\n")
    row = min(row, len(rows) - 1)
    column = rows[row].rfind(word) if word else -1
    if column >= 0:
        return script.passage().span(row, column, len(word))
    return script.passage().span(row, len(rows[row]) - len(rows[row].lstrip()))


def _parse(code: str) -> tuple[int, list[str]]:
    """Return bash's exit code and what it said about `code`, which is never run.

    The code comes in a file, since bash reads a pipe byte by byte.
    """
    environ = {"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath)}
    try:
        with tempfile.TemporaryFile() as file:
            file.write(code.encode())
            file.seek(0)
            done = subprocess.run(
                ["bash", "--norc", "-O", "extglob", "-n", "/dev/stdin"],
                stdin=file,
                capture_output=True,
                env=environ,
                timeout=SECONDS,
                check=False,
            )
    except FileNotFoundError:
        raise UnmetError.because("`bash` is not installed", hint="install bash, recipes are run by it") from None
    except subprocess.TimeoutExpired:
        return 1, []
    return done.returncode, done.stderr.decode(errors="replace").splitlines()
