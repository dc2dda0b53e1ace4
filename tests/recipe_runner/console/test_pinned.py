from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pyte
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from recipe_runner.console.pinned import Pinned, bar
from tests.support.terminal import Screen

WIDTH, HEIGHT = 40, 12


@dataclass
class Glass:
    """A terminal with a history, and what is written to it by way of `pinned` or past it."""

    screen: Screen = field(default_factory=lambda: Screen(WIDTH, HEIGHT, history=1000))

    def __post_init__(self) -> None:
        self.master, self.slave = pty.openpty()
        attributes = termios.tcgetattr(self.slave)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(self.slave, termios.TCSANOW, attributes)
        self._stream = pyte.Stream(self.screen)
        self.resize(WIDTH, HEIGHT)
        self._file = os.fdopen(self.slave, "w", encoding="utf-8")
        self.pinned = Pinned(self._file)

    def close(self) -> None:
        """Let go of the terminal."""
        self.pinned.release()
        self.settle()
        self._file.close()
        os.close(self.master)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, as a window does: the scroll region is gone then."""
        if hasattr(self, "pinned"):
            self.settle()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.screen.resize(height, width)
        self.screen.set_margins()

    def settle(self) -> None:
        """Show what has been written."""
        os.set_blocking(self.master, False)
        try:
            while data := os.read(self.master, 65_536):
                self._stream.feed(data.decode().replace("\n", "\r\n"))
        except BlockingIOError:
            pass

    def says(self, text: str) -> None:
        """Write past `pinned`, as a program does."""
        self.settle()
        self._stream.feed(text)

    def rows(self) -> list[str]:
        """Return what the screen shows."""
        self.settle()
        return [row.rstrip() for row in self.screen.display]

    def past(self) -> list[str]:
        """Return what has scrolled out at the head of the screen."""
        self.settle()
        return ["".join(row[c].data for c in range(WIDTH)).rstrip() for row in self.screen.history.top]


@pytest.fixture
def glass() -> Iterator[Glass]:
    """Give an empty terminal."""
    with closing(Glass()) as empty:
        yield empty


def head(_: int) -> list[str]:
    """Draw two lines."""
    return ["FIRST", "SECOND"]


def below(rows: list[str]) -> list[str]:
    """Return the rows under the pinned ones, without the empty ones at the end."""
    assert rows[:2] == ["FIRST", "SECOND"]
    return "\n".join(rows[2:]).rstrip("\n").split("\n")


@given(lines=st.lists(st.integers(1, 5), max_size=20), begin=st.integers(0, 14))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_that_is_written_is_lost(lines: list[int], begin: int) -> None:
    """Whatever scrolls out goes into the scrollback, once and in order, as if no line were pinned."""
    with closing(Glass()) as glass:
        glass.pinned.write("".join(f"before {n}\n" for n in range(begin)))
        glass.pinned.pin(head)
        number = 0
        for together in lines:
            glass.pinned.write("".join(f"line {number + n}\n" for n in range(together)))
            number += together
        wanted = [f"before {n}" for n in range(begin)] + [f"line {n}" for n in range(number)]
        seen = [row for row in glass.past() + below(glass.rows()) if row]
        assert seen == wanted
        glass.pinned.release()
        assert [row for row in glass.past() + glass.rows() if row] == wanted


def test_an_unfinished_line_goes_on_where_it_was(glass: Glass) -> None:
    """Pieces of a line stay together, at the foot of a full screen too."""
    glass.pinned.pin(head)
    glass.pinned.write("".join(f"{n}\n" for n in range(30)))
    for piece in ("con", "tin", "ued\n"):
        glass.pinned.write(piece)
    assert below(glass.rows())[-1] == "continued"


def test_what_others_write_does_not_move_the_lines(glass: Glass) -> None:
    """A program that writes to the terminal itself scrolls the part below only."""
    glass.pinned.pin(head)
    for n in range(40):
        glass.says(f"direct {n}\r\n")
    assert below(glass.rows())[-1] == "direct 39"


def test_a_cleared_screen_gets_its_lines_back(glass: Glass) -> None:
    """After somebody cleared everything the lines are there again with the next write."""
    glass.pinned.pin(head)
    glass.pinned.write("old\n")
    glass.says("\x1b[H\x1b[2J")
    glass.pinned.write("new\n")
    assert below(glass.rows()) == ["new"]


@pytest.mark.parametrize("size", [(40, 20), (60, 12), (30, 12), (40, 11), (80, 24)])
def test_another_size_gets_its_lines_at_once(glass: Glass, size: tuple[int, int]) -> None:
    """After a change of size the lines are at the head, drawn for the new width, and text goes on below."""
    glass.pinned.pin(lambda width: [bar("a", "b", width), bar("c", "d", width)])
    glass.pinned.write("text\n")
    glass.resize(*size)
    glass.pinned.refresh()
    glass.pinned.write("more\n")
    rows = glass.rows()
    assert rows[0] == " a" + " " * (size[0] - 4) + "b"
    assert rows[1] == " c" + " " * (size[0] - 4) + "d"
    assert rows.index("text") < rows.index("more")


def test_a_small_screen_is_left_alone(glass: Glass) -> None:
    """Where there is no room nothing is pinned."""
    glass.resize(WIDTH, 9)
    glass.pinned.pin(head)
    glass.pinned.write("text\n")
    assert "FIRST" not in glass.rows()


def test_a_screen_that_grows_again_gets_its_lines_back(glass: Glass) -> None:
    """What was pinned on a larger screen, or was to be, is there as soon as there is room."""
    glass.resize(WIDTH, 8)
    glass.pinned.pin(head)
    glass.resize(WIDTH, HEIGHT)
    glass.pinned.refresh()
    assert below(glass.rows()) == [""]


def test_the_screen_is_given_back_whole(glass: Glass) -> None:
    """After a release everything scrolls again, up to the first row."""
    glass.pinned.pin(head)
    glass.pinned.release()
    glass.pinned.write("".join(f"{n}\n" for n in range(30)))
    assert glass.rows()[0] == "19"


@given(left=st.text(max_size=60), right=st.text(max_size=20), width=st.integers(1, 90))
def test_a_bar_is_as_wide_as_the_screen(left: str, right: str, width: int) -> None:
    """Whatever it says."""
    assert cell_len(bar(left, right, width)) == width


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ("step 1 of 2: tell", "next: look", " step 1 of 2: tell  next: look "),
        ("step 1 of 2: tell-them", "next: look", " step 1 of 2: tell… next: look "),
        ("step 1 of 2: tell", "next: build-every-image-of-all", " step 1 o… next: build-every-… "),
    ],
)
def test_a_long_end_of_a_bar_leaves_room_for_its_beginning(left: str, right: str, shown: str) -> None:
    """Both are cut where they are too long, and neither takes the place of the other."""
    assert bar(left, right, 31) == shown
