"""Everything that is printed goes through here: two rich consoles, and the few forms in which this program speaks."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property

from rich.console import Console
from rich.rule import Rule
from rich.style import Style
from rich.table import Table
from rich.text import Text

from recipe_runner.sanitise import line, visible

ESCAPE = "\x1b"
STYLES = {"good": "green", "bad": "bold red", "warn": "yellow", "quiet": "dim", "strong": "bold", "code": "cyan"}


class Screen(Console):
    """A console that leaves it to its caller what a reader's going away means; rich would end the program with 1."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class Terminal:
    """Standard output for results, standard error for everything about them. Honours `NO_COLOR`."""

    def __init__(self, *, plain: bool = False, silent: bool = False) -> None:
        self.plain = plain
        self.silent = silent
        self.out: Console = Screen(highlight=False, markup=False, emoji=False, soft_wrap=True, no_color=plain or None)
        self.err: Console = Screen(
            highlight=False, markup=False, emoji=False, soft_wrap=True, stderr=True, no_color=plain or None
        )
        self._holders: list[Callable[[], None]] = []

    def held(self, release: Callable[[], None]) -> None:
        """Remember what to call when the whole screen is needed by somebody else."""
        self._holders.append(release)

    def release(self) -> None:
        """Give the whole screen to somebody else for a while, such as a program that asks for a passphrase."""
        for release in self._holders:
            release()

    @cached_property
    def watched(self) -> bool:
        """Say whether a person reads what is printed."""
        return self.out.is_terminal and self.out.file.isatty()

    @cached_property
    def interactive(self) -> bool:
        """Say whether this is a screen on which things can be drawn, for a person who wants that."""
        return self.watched and not self.out.is_dumb_terminal and not self.plain

    def ring(self, title: str, text: str) -> None:
        """Call somebody who has looked away: the bell, and where things can be drawn a notification of the desktop.

        Terminals that know none of the two codes for that (OSC 9 of iTerm2, OSC 777 of rxvt) pass over them; tmux
        hands them on where its `allow-passthrough` is on.
        """
        if not self.watched or self.silent:
            return
        said, name = line(text), line(title).replace(";", ",")
        notices = [f"\x1b]9;{name}: {said}\x07", f"\x1b]777;notify;{name};{said}\x07"] if self.interactive else []
        if "TMUX" in os.environ:
            notices = [f"\x1bPtmux;{notice.replace(ESCAPE, 2 * ESCAPE)}\x1b\\" for notice in notices]
        self.raw("".join([*notices, "\x07"]))

    def put(self, text: Text) -> None:
        """Print one text to standard output; a log gets it without the work that styles take."""
        if self.out.color_system is not None:
            self.out.print(text)
        else:
            self.out.file.write(f"{text.plain}\n")
            self.out.file.flush()

    def blank(self) -> None:
        """Print an empty line to standard output."""
        self.put(Text())

    def say(self, text: str, style: str = "") -> None:
        """Print a line of untrusted text to standard output."""
        self.put(styled(visible(text), style))

    def note(self, text: str) -> None:
        """Print a quiet remark to standard error."""
        self.err.print(styled(visible(text), "quiet"))

    def warn(self, text: str) -> None:
        """Print a warning to standard error."""
        self.err.print(Text.assemble(("warning: ", "yellow"), visible(text)))

    def raw(self, text: str) -> None:
        """Print text for programs (JSON, file contents) exactly as it is."""
        self.out.file.write(text)
        self.out.file.flush()

    def rule(self, left: str, right: str = "", style: str = "cyan") -> None:
        """Draw a line across the screen with a title, and something at its right end."""
        if self.plain or not self.out.is_terminal:
            self.put(Text(f"== {line(left)}{'  ' + line(right) if right else ''}"))
            return
        width = self.out.width - len(right) - (1 if right else 0)
        title = Text(line(left), style="bold", overflow="ellipsis", no_wrap=True)
        title.truncate(max(10, width - 6), overflow="ellipsis")
        rule = Rule(title, align="left", style=style)
        if not right:
            self.out.print(rule)
            return
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(ratio=1)
        grid.add_column(justify="right")
        grid.add_row(rule, Text(line(right), style="dim"))
        self.out.print(grid)

    def table(self, columns: Iterable[str], rows: Iterable[Iterable[str | tuple[str, str]]], title: str = "") -> None:
        """Print a table; a cell is a text, or a text and a style's name."""
        table = Table(title=visible(title) or None, title_justify="left", title_style=Style(bold=True), box=None)
        for column in columns:
            table.add_column(column, header_style="dim", overflow="fold")
        for row in rows:
            table.add_row(*(styled(visible(c), "") if isinstance(c, str) else styled(visible(c[0]), c[1]) for c in row))
        self.out.print(table, soft_wrap=False)

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Show a title while something works, then the same with a tick or a cross and the time it took."""
        began = time.monotonic()
        mark, style = "✗", "red"
        try:
            if self.err.is_terminal and not self.plain:
                with self.err.status(Text(line(title))):
                    yield
            else:
                yield
            mark, style = "✓", "green"
        finally:
            took = f"{time.monotonic() - began:.1f} s"
            self.err.print(Text.assemble((mark, style), " ", line(title), (f"  {took}", "dim")))

    @contextmanager
    def busy(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show a title while something works, and nothing afterwards; the function it gives changes the title.

        Silent without a real terminal, whatever asks for colours.
        """
        if not (self.err.is_terminal and self.err.file.isatty()) or self.plain:
            yield lambda _: None
            return
        with self.err.status(Text(line(title))) as status:
            yield lambda text: status.update(Text(line(text)))

    @contextmanager
    def progress(self, title: str, total: float | None) -> Iterator[Callable[[float], None]]:
        """Show a bar; the function it gives takes how much more has been done. Silent without a terminal."""
        from rich.progress import (  # noqa: PLC0415 - slow to import, and runs show none
            BarColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        shown = self.err.is_terminal and not self.plain
        bar = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=self.err, disable=not shown)
        with bar:
            task = bar.add_task(line(title), total=total)

            def advance(amount: float) -> None:
                bar.advance(task, amount)

            yield advance


def styled(text: str, style: str) -> Text:
    """Return text in one of this program's styles, by name, or in a rich style."""
    return Text(text, style=STYLES.get(style, style))
