"""A runnable recipe proposed from a release document: ids are added to info strings, and nothing else is touched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markdown_it.token import Token

from recipe_runner.language.header import read_header
from recipe_runner.language.markdown import Markdown
from recipe_runner.language.model import Manual
from recipe_runner.language.parse import survey
from recipe_runner.language.slugs import distinct
from recipe_runner.language.source import BOM, LINE_END, Document

SHELL = frozenset({"bash", "sh", "shell"})
CONSOLE = frozenset({"console", "shell-session", "sh-session", "terminal"})
PROMPT = re.compile(r"[ \t]*\$[ \t]+(?=\S)")
CONTINUED = re.compile(r"[ \t]*>[ \t]?")
PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9_. -]*>")
NO_COMMAND = re.compile(r"https?://|[-+>@]|\.\.\.|['\"][^'\"]*['\"]:|[\w./-]+:(?:\s|$)")
"""How a line begins that is data, part of a diff, an address, and no command."""
NAMING = 3
"""Words of a command that make an id."""

Verdict = Literal["manual", "step", "left"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one part of the document: its line (from 1), its id where it has one, its text, and why."""

    line: int
    verdict: Verdict
    id: str | None
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The recipe and a report on it; `text` keeps byte order mark and line ends, so write it without translation."""

    text: str
    report: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A fence that can become a step; `commands` are what is added behind it where it cannot run itself."""

    row: int
    end: int
    language_end: int
    heading: str
    first: str
    prefix: str
    commands: tuple[str, ...] = ()


def propose(path: str, data: bytes, *, console: bool = False) -> Proposal:
    """Propose a recipe for a document; raises InvalidRecipeError where its bytes are no text.

    With `console` the commands of a transcript, its `$ ` lines, are proposed as a `bash` fence of their own behind it.
    """
    document = Document.decode(path, data)
    steps = survey(path, data)[0].steps
    report = [Finding(s.span.line, "manual", s.id, s.title, "a task item") for s in steps if isinstance(s, Manual)]
    candidates: list[_Candidate] = []
    for token, heading in _fences(document, read_header(document).first_line):
        verdict = _judge(document, token, heading, console=console)
        if isinstance(verdict, Finding):
            report.append(verdict)
        else:
            candidates.append(verdict)
    ids = distinct(_contexts(candidates), [step.id for step in steps])
    report += (
        Finding(c.row + 1, "step", i, c.first, "its commands stand behind it" if c.commands else "shell commands")
        for c, i in zip(candidates, ids, strict=True)
    )
    return Proposal(_edited(data, candidates, ids), tuple(sorted(report, key=lambda finding: finding.line)))


def _fences(document: Document, first_line: int) -> Iterator[tuple[Token, str]]:
    """Yield every fence with the text of the heading above it."""
    markdown = Markdown(("",) * (first_line - 1) + document.lines[first_line - 1 :])
    heading = ""
    for index, token in enumerate(markdown.tokens):
        if token.type == "heading_open":
            heading = markdown.plain(markdown.tokens[index + 1].content)
        elif token.type == "fence":
            yield token, heading


def _judge(document: Document, token: Token, heading: str, *, console: bool) -> _Candidate | Finding:
    row, end = token.map or (0, 0)
    words = token.info.split()
    language = words[0].casefold() if words else ""
    rows = token.content.split("\n")[:-1]
    first = next((text.strip() for text in rows if text.strip() and not text.lstrip().startswith("#")), "")
    opening = document.lines[row]
    offset = len(opening) - len(token.info)
    transcript = language in CONSOLE or (language in SHELL and PROMPT.match(first) is not None)
    commands = _commands(rows) if transcript else ()
    reason = None
    if end - row - 1 == len(rows):
        reason = "never closed"
    elif transcript:
        reason = None if console and commands else "a transcript with prompts"
    elif language not in SHELL:
        reason = f"not shell but `{language}`" if language else "no language"
    elif "{#" in token.info:
        reason = "has an id already"
    elif len(words) > 1:
        reason = f"`{' '.join(words[1:])}` stands behind the language"
    elif not first:
        reason = "only comments"
    elif NO_COMMAND.match(first):
        reason = "does not begin with a command"
    elif placeholder := next((m[0] for text in rows if (m := PLACEHOLDER.search(text))), None):
        reason = f"has the placeholder `{placeholder}`"
    if reason is not None:
        return Finding(row + 1, "left", None, first, reason)
    language_end = offset + token.info.index(words[0]) + len(words[0])
    prefix = re.sub(r"[^>\s]", " ", opening[: offset - len(token.markup)])
    return _Candidate(row, end, language_end, heading, commands[0] if commands else first, prefix, commands)


def _commands(rows: list[str]) -> tuple[str, ...]:
    """Return the commands of a transcript without prompts and output."""
    commands: list[str] = []
    continued = False
    for row in rows:
        if match := PROMPT.match(row):
            commands.append(row[match.end() :])
        elif continued:
            commands.append(CONTINUED.sub("", row, count=1))
        else:
            continue
        continued = commands[-1].endswith("\\")
    return tuple(commands)


def _contexts(candidates: list[_Candidate]) -> list[tuple[str, ...]]:
    """Return what each is called after: its heading where it is alone under it, else its first command."""
    alone = Counter(candidate.heading for candidate in candidates)
    return [
        (c.heading,)
        if c.heading and alone[c.heading] == 1
        else (_name(c.first) or c.first, *filter(None, (c.heading,)))
        for c in candidates
    ]


def _name(command: str) -> str:
    """Return the first words of a command that say something: no options, no variables, no directories."""
    words = (word.strip("\"'`").split("=", 1)[0].rpartition("/")[2] for word in command.split())
    return " ".join([word for word in words if word and not word.startswith(("-", "~")) and "$" not in word][:NAMING])


def _edited(data: bytes, candidates: list[_Candidate], ids: list[str]) -> str:
    text = data.decode()
    ends = [*LINE_END.findall(text), ""]
    lines = LINE_END.split(text)
    shift = len(BOM) if text.startswith(BOM) else 0
    for candidate, step_id in zip(candidates, ids, strict=True):
        if candidate.commands:
            newline = ends[candidate.row] or "\n"
            fence = ("", f"```bash {{#{step_id}}}", *candidate.commands, "```")
            lines[candidate.end - 1] += "".join(f"{newline}{candidate.prefix}{row}" for row in fence)
        else:
            line = lines[candidate.row]
            at = candidate.language_end + (shift if candidate.row == 0 else 0)
            lines[candidate.row] = f"{line[:at]} {{#{step_id}}}{line[at:]}"
    return "".join(line + end for line, end in zip(lines, ends, strict=True))
