"""What a VMBuilder configuration or command line asks for, each setting with its place; pure.

A configuration is read as Python's ConfigParser reads it, as VMBuilder did: sections `DEFAULT` and those named after
the hypervisor and the distribution. A command line is read as optparse does: unique beginnings of options count.
"""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from builders.vmbuilder.options import DISTRIBUTIONS, HYPERVISORS, OPTIONS, Option
from recipe_runner.errors import Diagnostic, Span, UsageError, gather
from recipe_runner.language.suggestions import suggest
from recipe_runner.sanitise import line

_SECRETS = re.compile(r"pass|--?pas\b|rootp|secret|access|ec2-[kc]|://[^/\s]*@", re.IGNORECASE)
COMMANDS = ("vmbuilder", "ubuntu-vm-builder")


@dataclass(frozen=True, slots=True)
class Setting:
    """One option with the value it was given ("" for a flag or a secret) and the place where that was."""

    option: Option
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, in the order they were written; `hypervisor` and `distribution` are "" where not said."""

    hypervisor: str = ""
    distribution: str = ""
    given: tuple[Setting, ...] = ()
    strange: tuple[tuple[str, Span], ...] = field(default=())

    def last(self, name: str) -> Setting | None:
        """Return the setting of an option that counts: the last one."""
        return next((setting for setting in reversed(self.given) if setting.option.name == name), None)

    def every(self, name: str) -> Iterator[tuple[str, Span]]:
        """Give each word of an option that may be there several times, or hold a list."""
        for setting in self.given:
            if setting.option.name == name:
                for word in re.split(r"[,\s]+", setting.value.strip("[] ")):
                    if word:
                        yield word.strip("'\""), setting.span


def read_settings(text: str, file: str) -> Settings:
    """Read a configuration, or a script with a `vmbuilder` command; raises UsageError with every fault."""
    if re.search(r"^\s*\[[^\]]+\]\s*$", text, re.MULTILINE):
        return _configuration(text, file)
    words = list(_command_words(text, file))
    if not words:
        raise UsageError.because(
            f"`{line(file)}` is neither a configuration of VMBuilder nor a `vmbuilder` command",
            hint="name a file with sections such as `[DEFAULT]`, or write the command after `--`",
        )
    return read_command(words)


def command_words(arguments: Sequence[str]) -> list[tuple[str, Span]]:
    """Return words of a command line with their places, the command itself as the only line."""
    shown = _shown(shlex.join(arguments))
    words: list[tuple[str, Span]] = []
    at = 1
    for word in arguments:
        quoted = shlex.quote(word)
        words.append((word, Span("command line", 1, at, len(quoted), shown)))
        at += len(quoted) + 1
    return words


def read_command(words: Sequence[tuple[str, Span]]) -> Settings:
    """Read `[vmbuilder] HYPERVISOR DISTRIBUTION [OPTIONS]`; raises UsageError with every fault."""
    name = PurePath(words[0][0]).name if words else ""
    suite_is_named = name == COMMANDS[1]
    command = _parsed(words[1:] if name in COMMANDS else words)
    faults = list(command.faults)
    known = (HYPERVISORS, None if suite_is_named else DISTRIBUTIONS)
    for choices, (word, span) in zip(known, command.positional, strict=False):
        if choices is not None and word not in choices:
            faults.append(Diagnostic(f"unknown word `{line(word)}`", span, hint=suggest(word, choices, what="word")))
    faults += (Diagnostic(f"unexpected word `{line(word)}`", span) for word, span in command.positional[2:])
    if faults:
        raise UsageError(*gather(faults))
    (hypervisor, _), (second, span) = [*command.positional, *[("", Span("", 1))] * 2][:2]
    if suite_is_named and second:
        return Settings(
            hypervisor, "ubuntu", (*command.given, Setting(OPTIONS["suite"], second, span)), command.strange
        )
    return Settings(hypervisor, second, command.given, command.strange)


@dataclass(frozen=True, slots=True)
class _Command:
    given: tuple[Setting, ...]
    positional: tuple[tuple[str, Span], ...]
    strange: tuple[tuple[str, Span], ...]
    faults: tuple[Diagnostic, ...]


def _parsed(words: Sequence[tuple[str, Span]]) -> _Command:
    rest = list(words)
    given: list[Setting] = []
    positional: list[tuple[str, Span]] = []
    strange: list[tuple[str, Span]] = []
    faults: list[Diagnostic] = []
    while rest:
        word, span = rest.pop(0)
        if not word.startswith("-") or word == "-":
            positional.append((word, span))
            continue
        written, value = _split(word)
        option = _option(written)
        if option is None:
            strange.append((written, span))
            if rest and value is None and not rest[0][0].startswith("-"):
                rest.pop(0)
        elif option.kind == "flag" or value is not None:
            given.append(_setting(option, value or "", span))
        elif rest:
            given.append(_setting(option, rest.pop(0)[0], span))
        else:
            faults.append(Diagnostic(f"`{line(word)}` has no value", span, hint="write one after it"))
    return _Command(tuple(given), tuple(positional), tuple(strange), tuple(faults))


def _setting(option: Option, value: str, span: Span) -> Setting:
    return Setting(option, "" if option.fate == "secret" else value, span)


def _shown(content: str) -> str:
    """Return a line as a diagnostic may show it: not at all where a password or a credential may stand in it."""
    return "" if _SECRETS.search(content) else content


def _split(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        return name, value if equals else None
    return word[1:2], word[2:] or None


def _option(written: str) -> Option | None:
    if written in OPTIONS:
        return OPTIONS[written]
    found = {option.name: option for name, option in OPTIONS.items() if written and name.startswith(written)}
    return next(iter(found.values())) if len(found) == 1 else None


def _command_words(text: str, file: str) -> Iterator[tuple[str, Span]]:
    """Give the words of the first `vmbuilder` command in a script, each with its place."""
    found = going_on = False
    for number, content in enumerate(text.splitlines(), 1):
        stripped = content.rstrip()
        try:
            words = shlex.split(stripped.removesuffix("\\"), comments=True)
        except ValueError as fault:
            if found or any(command in content for command in COMMANDS):
                span = Span(file, number, 1, max(1, len(content)), _shown(content))
                raise UsageError(Diagnostic(f"cannot read this line: {str(fault).lower()}", span)) from fault
            continue
        if not found:
            at = next((i for i, word in enumerate(words) if PurePath(word).name in COMMANDS), None)
            if at is None:
                continue
            words, found = words[at:], True
        elif not going_on:
            return
        going_on = stripped.endswith("\\")
        for word in words:
            column = max(0, content.find(word.split("\n")[0]))
            yield word, Span(file, number, column + 1, max(1, len(word)), _shown(content))


def _configuration(text: str, file: str) -> Settings:
    parser = configparser.ConfigParser(strict=False, default_section="DEFAULT")
    try:
        parser.read_string(text)
    except configparser.Error as fault:
        raise UsageError.because(f"`{line(file)}` is not a configuration: {line(str(fault))}") from fault
    hypervisor = next((name for name in parser.sections() if name in HYPERVISORS), "")
    distribution = next((name for name in parser.sections() if name in DISTRIBUTIONS), "")
    given: list[Setting] = []
    strange: list[tuple[str, Span]] = []
    faults: list[Diagnostic] = []
    for section, key, span in _keys(text, file):
        option = OPTIONS.get(key)
        if option is None:
            strange.append((key, span))
            continue
        if option.fate == "secret":
            given.append(Setting(option, "", span))
            continue
        try:
            value = parser.get(section, key)
        except configparser.Error as fault:
            faults.append(Diagnostic(f"`{line(key)}`: {line(str(fault)).lower()}", span, hint="write `%` as `%%`"))
            continue
        if option.kind != "flag":
            given.append(Setting(option, value, span))
        elif value.strip().lower() in {"1", "true", "yes", "on", ""}:
            given.append(Setting(option, "", span))
    if faults:
        raise UsageError(*gather(faults))
    ordered = sorted(given, key=lambda setting: setting.span.line)
    return Settings(hypervisor, distribution, tuple(ordered), tuple(strange))


def _keys(text: str, file: str) -> Iterator[tuple[str, str, Span]]:
    """Give section, key and place of each line that sets a key."""
    section = "DEFAULT"
    for number, content in enumerate(text.splitlines(), 1):
        if header := re.match(r"\[([^\]]+)\]", content):
            section = header[1]
        elif key := re.match(r"([^\s#;=:\[][^=:]*?)\s*[=:]", content):
            yield section, key[1].lower(), Span(file, number, 1, len(key[1]), _shown(content))
