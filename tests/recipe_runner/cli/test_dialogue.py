from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.support.command import RECIPE, environment
from tests.support.terminal import Person

HELLO = Path(__file__).parents[3] / "examples" / "hello.md"


def run(recipe: Path, directory: Path) -> Person:
    return Person("run", str(recipe), "--no-sign", "--runs", str(directory / "runs"), directory=directory)


def begun(directory: Path, text: str) -> Person:
    """Run a recipe of this text up to its first question."""
    recipe = directory / "recipe.md"
    recipe.write_text(text)
    person = run(recipe, directory)
    person.sees("› ")
    return person


def journal(directory: Path) -> list[dict[str, object]]:
    (path,) = (directory / "runs").glob("*/journal.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_person_goes_through_the_whole_dialogue(tmp_path: Path) -> None:
    """Enter runs a step, a skip without a reason is refused, a note is kept, a shell has the variables."""
    person = run(HELLO, tmp_path)
    person.sees("Run this step")
    person.sees("› ")
    person.types("")
    person.sees("Done")
    person.sees("› ")
    person.types("s")
    person.sees("Reason: ")
    person.types("")
    person.sees("A reason is needed")
    person.sees("› ")
    person.types("d")
    person.sees("Note")
    person.types("yes, very")
    person.sees("› ")
    person.types("h")
    person.sees(r"\(remember\).*# ")
    person.types("echo [$greeting]")
    person.sees(r"\[Hello, world!\]\r")
    person.sees("# ")
    person.types("exit")
    person.sees("› ")
    person.types("r")
    assert person.leaves() == 0
    shown = person.screen()
    assert "1/3 greet · Say hello" in shown
    assert "│ I said: Hello, world!" in shown
    assert "✓ done by hand: yes, very" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    records = journal(tmp_path)
    assert [r["t"] for r in records][-1] == "close"
    assert [r["role"] for r in records if r["t"] == "step_start"] == ["run", "shell", "run"]


def test_ctrl_c_at_a_question_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    """The exit code is 130, the journal says why, and the way back is on the screen."""
    person = run(HELLO, tmp_path)
    person.sees("› ")
    person.presses("c")
    assert person.leaves() == 130
    assert "recipe resume" in person.screen()
    assert journal(tmp_path)[-1]["t"] == "abort"


def test_ctrl_c_in_a_step_stops_the_step_and_asks(tmp_path: Path) -> None:
    """The key interrupts what runs, not the runner; the operator decides what comes next."""
    person = begun(tmp_path, "```python {#slow}\nimport time\nprint('started', flush=True)\ntime.sleep(60)\n```\n")
    person.types("r")
    person.sees("started")
    person.presses("c")
    person.sees("was interrupted")
    person.sees("› ")
    person.types("q")
    assert person.leaves() == 5
    assert not re.search(r"\^C.*✗", person.screen())


WAIT = "```bash {#wait wait=10m every=5m}\necho tried >> log\n[ -e done ]\n```\n"


def test_ctrl_c_in_a_wait_asks(tmp_path: Path) -> None:
    """Between two tries of a step the key ends the wait without one more try, and the person says what comes next."""
    person = begun(tmp_path, WAIT)
    person.types("r")
    person.sees("looking again")
    person.presses("c")
    person.sees("ended with exit code 1, and was not tried again")
    person.sees("› ")
    assert (tmp_path / "log").read_text() == "tried\n"
    (tmp_path / "done").touch()
    person.types("t")
    assert person.leaves() == 0
    assert [record["t"] for record in journal(tmp_path)][-6:] == [
        *("step_start", "step_end", "confirm", "step_start", "step_end", "close")
    ]


def test_ctrl_c_in_a_wait_leaves_where_nobody_decides(tmp_path: Path) -> None:
    """With `--yes` the key ends the session with 130, without one more try, to be resumed."""
    recipe = tmp_path / "wait.md"
    recipe.write_text(WAIT)
    person = Person("run", str(recipe), "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    person.sees("looking again")
    person.presses("c")
    assert person.leaves() == 130
    assert (tmp_path / "log").read_text() == "tried\n"
    assert journal(tmp_path)[-1]["t"] == "abort"


def test_ctrl_c_in_a_step_is_not_followed_by_a_retry(tmp_path: Path) -> None:
    """A step that may be retried is not where it was the operator who stopped it."""
    person = begun(tmp_path, "```bash {#slow retries=3}\necho begun >> log\necho begun\nexec sleep 60\n```\n")
    person.types("r")
    person.sees("begun")
    person.presses("c")
    person.sees("was interrupted")
    person.sees("› ")
    person.types("q")
    assert person.leaves() == 5
    assert (tmp_path / "log").read_text() == "begun\n"


@pytest.mark.parametrize("terminal", ["", " .tty"])
def test_a_hang_up_in_a_step_is_on_record(tmp_path: Path, terminal: str) -> None:
    """Where the terminal goes away its step is stopped, also one with a terminal of its own, and its end recorded."""
    person = begun(tmp_path, f"```bash {{#a{terminal}}}\necho begun; exec sleep 300\n```\n")
    person.types("r")
    person.sees("begun\r")
    assert person.hangs_up() == 130
    end, abort = journal(tmp_path)[-2:]
    assert (end["outcome"], abort["reason"]) == ("interrupted", "stopped by SIGHUP")


def test_ctrl_c_stops_sub_runs_side_by_side_and_asks(tmp_path: Path) -> None:
    """It is for all of them; one that asks for the terminal all the same can read from it."""
    person = begun(
        tmp_path,
        "---\nrecipe: 1\nparams:\n  names: {type: list, of: str, default: [ann, ben]}\n---\n"
        "```bash {#one each=names parallel=2}\ntouch $each\n"
        "if [ -e go ]; then read -r; echo got $REPLY $each; else sleep 60; fi\n```\n",
    )
    person.types("r")
    person.waits(lambda rows: any("ben" in row for row in rows) and (tmp_path / "ben").exists())
    person.presses("c")
    person.sees("ann was interrupted; ben was interrupted")
    person.sees("› ")
    (tmp_path / "go").touch()
    person.types("t")
    person.types("a line")
    person.sees("got a line")
    person.types("a line")
    assert person.leaves() == 0


def test_a_step_can_read_from_the_terminal(tmp_path: Path) -> None:
    """Standard input stays the terminal: a block may ask a question of its own."""
    person = begun(tmp_path, '```bash {#ask}\nread -r answer\necho "got <$answer>"\n```\n')
    person.types("r")
    person.types("forty two")
    person.sees("got <forty two>")
    assert person.leaves() == 0


def test_a_point_of_no_return_needs_its_id(tmp_path: Path) -> None:
    """Anything but the id runs nothing."""
    person = begun(tmp_path, "```bash {#make-public .irreversible}\ntouch gone\n```\n")
    person.types("")
    person.sees("Enter alone does nothing here")
    person.sees("› ")
    person.types("r")
    person.sees("Type make-public")
    person.types("yes")
    person.sees("nothing has been run")
    assert not (tmp_path / "gone").exists()
    person.sees("› ")
    person.types("r")
    person.sees("Type make-public")
    person.types("make-public")
    assert person.leaves() == 0
    assert (tmp_path / "gone").exists()


def blocks(*names: str) -> str:
    return "".join(f"```bash {{#{name}}}\necho {name} >> log\n```\n" for name in names)


def test_the_next_steps_can_be_run_without_a_question(tmp_path: Path) -> None:
    """`n 2` runs two steps, `n ID` runs up to a step, and a manual item always asks."""
    person = begun(tmp_path, blocks("a", "b", "c", "d", "e") + "\n- [ ] Look {#look}\n\n" + blocks("f"))
    person.types("n 2")
    person.sees("3/7 c")
    person.sees("› ")
    person.types("n nowhere")
    person.sees("no later step")
    person.sees("› ")
    person.types("n f")
    person.sees("Done")
    person.sees("› ")
    person.types("d")
    person.sees("Note")
    person.types("")
    person.sees("7/7 f")
    person.sees("› ")
    person.types("")
    assert person.leaves() == 0
    assert (tmp_path / "log").read_text().split() == list("abcdef")


def test_a_person_edits_looks_at_variables_and_goes_back(tmp_path: Path) -> None:
    """The edited code is shown and run, variables are listed with secrets masked, an earlier step runs again."""
    recipe = tmp_path / "edit.md"
    recipe.write_text(
        "---\nrecipe: 1\nparams:\n  token: {type: secret, env: TOKEN}\n---\n"
        "```bash {#one}\nplace=Oslo\necho one >> log\n: $token\n```\n```bash {#two}\necho original\n```\n"
    )
    arguments = ["run", str(recipe), "--no-sign", "--runs", str(tmp_path / "runs")]
    environ = {"EDITOR": "sed -i s/original/changed/", "TOKEN": "hunter22"}
    person = Person(*arguments, directory=tmp_path, environ=environ)
    person.sees("› ")
    person.types("")
    person.sees("2/2 two")
    person.sees("› ")
    person.types("v")
    person.sees("Oslo")
    person.sees(r"\(secret\)")
    person.sees("› ")
    person.types("e")
    person.sees("echo changed")
    person.sees("› ")
    person.types("b")
    person.sees("Back to: ")
    person.types("one")
    person.sees("1/2 one")
    person.sees("› ")
    person.types("?")
    person.sees("a recorded shell")
    person.sees("› ")
    person.types("r")
    person.sees("2/2 two")
    person.sees("› ")
    person.types("e")
    person.sees("› ")
    person.types("r")
    assert person.leaves() == 0
    assert "  │ changed" in person.screen()
    assert (tmp_path / "log").read_text().split() == ["one", "one"]
    assert "hunter22" not in person.screen()


def test_plain_has_neither_colour_nor_drawing(tmp_path: Path) -> None:
    """`--plain` speaks in lines of plain text, for screen readers and logs."""
    person = Person("run", str(HELLO), "--plain", "--no-sign", "--yes", "--runs", "runs", directory=tmp_path)
    assert person.leaves() == 0
    shown = person.screen()
    assert "  | Hello, world!" in shown
    assert not set("─│┃") & set(shown)


def test_a_failure_can_be_rolled_back_from_the_dialogue(tmp_path: Path) -> None:
    """`u` at a failed step undoes what was done, each step confirmed under the code that will undo it."""
    person = begun(tmp_path, blocks("a") + "```bash {.undo for=a}\necho undone >> log\n```\n```bash {#b}\nfalse\n```\n")
    person.types("n 2")
    person.sees("ended with exit code 1")
    person.sees("› ")
    person.types("u")
    person.sees("Reason: ")
    person.types("")
    menu = "  re[t]ry [s]kip [d]one [e]dit s[h]ell [b]ack [u]ndo [q]uit [a]bort [?]"
    assert menu in person.screen().splitlines()
    person.sees("A reason is needed")
    person.sees("› ")
    person.types("u")
    person.sees("Reason: ")
    person.types("the mirror is down")
    person.sees(r"undo 1/2 a")
    person.sees("Undo `a`")
    person.sees("› ")
    assert "  echo undone >> log" in person.screen().splitlines()
    person.types("r")
    assert person.leaves() == 1
    assert "✗ rolled back ─" in person.screen()
    assert (tmp_path / "log").read_text().split() == ["a", "undone"]


def test_ctrl_z_suspends_the_run_and_fg_goes_on(tmp_path: Path) -> None:
    """In a shell with job control the step and the runner stop as one job, and go on together."""
    recipe = tmp_path / "slow.md"
    recipe.write_text(
        "```python {#slow}\nimport sys\nprint('started', flush=True)\nprint('got', sys.stdin.readline())\n```\n"
    )
    shell = pexpect.spawn(
        "bash", ["--norc", "-i"], cwd=str(tmp_path), env=environment({"PS1": "shell> "}), encoding="utf-8", timeout=60
    )
    shell.expect("shell> ")
    shell.sendline(f"{RECIPE} run {recipe} --no-sign --runs runs; echo code $?")
    shell.expect("› ")
    shell.sendline("r")
    shell.expect("started")
    shell.sendcontrol("z")
    shell.expect("Stopped")
    shell.expect("shell> ")
    shell.sendline("fg")
    shell.expect("run ")
    shell.sendline("after all")
    shell.expect("got after all")
    shell.expect("done")
    shell.expect("shell> ")
    shell.close(force=True)


def test_code_is_shown_whole(tmp_path: Path) -> None:
    """A line longer than the screen is wrapped, never cut: nobody confirms what they cannot see."""
    person = begun(tmp_path, f"```bash {{#long}}\n: {'x' * 100} {'y' * 50} the-end\n```\n")
    assert "the-end" in person.screen()
    person.types("q")
    assert person.leaves() == 5


FULL_SCREEN = r"printf '\e[?1049h\e[H\e[2Jeverything'; read -r; printf '\e[?1049l'"


def test_the_head_of_the_screen_stays_in_tmux(tmp_path: Path) -> None:
    """Recipe, run, step, time and what comes next are in the first two rows: over output, a program that takes the
    whole screen, a cleared screen and another size; an 80 column terminal cuts nothing but the title. A long line of
    output is copied as one.
    """
    recipe = tmp_path / "long.md"
    recipe.write_text(
        "# Karmic alpha 3, published to every region of the cloud and announced\n"
        f"```bash {{#much}}\nseq 60; printf '%0150d\\n' 7\n```\n```bash {{#full .tty}}\n{FULL_SCREEN}\n```\n"
        "```bash {#end}\nclear >/dev/tty\n```\n"
    )
    arguments = ("run", str(recipe), "--no-sign", "--runs", str(tmp_path / "runs"))
    (tmp_path / "tmux.conf").write_text("set -g status off\n")
    tmux = ("tmux", "-L", f"recipe-{os.getpid()}", "-f", str(tmp_path / "tmux.conf"), "new-session")
    person = Person(*arguments, directory=tmp_path, environ={"TERM": "linux"}, height=24, inside=tmux)

    def head(rows: list[str], step: str, following: str, width: int = 80) -> bool:
        place, what = re.escape(step), re.escape(following)
        return bool(
            re.fullmatch(r" Karmic alpha 3, .* run [0-9a-f]{12}  \d\d:\d\d", rows[0])
            and re.fullmatch(rf" {place} +{what}", rows[1].rstrip())
            and len(rows[1]) < width
        )

    def asked(step: str, following: str, width: int = 80) -> Callable[[list[str]], bool]:
        return lambda rows: head(rows, step, following, width) and rows[-1].startswith("  ›")

    person.waits(asked("step 1 of 3: much", "next: full"))
    person.types("")
    person.waits(lambda rows: asked("step 2 of 3: full", "next: end")(rows) and "  │ 60" in rows)
    copied = subprocess.run([*tmux[:3], "capture-pane", "-pJ"], check=True, capture_output=True, text=True).stdout
    assert f"  │ {7:0150}" in copied.splitlines()
    person.types("")
    person.waits(lambda rows: rows[0].startswith("everything"))
    person.types("")
    person.waits(asked("step 3 of 3: end", "the last step"))
    person.resizes(60, 30)
    person.waits(asked("step 3 of 3: end", "the last step", 60))
    person.types("")
    person.waits(lambda rows: not any("Karmic" in row for row in rows))


def test_what_is_typed_while_a_step_runs_is_not_lost(tmp_path: Path) -> None:
    """It reaches the next question whole, past output, and a step with a terminal of its own."""
    person = begun(
        tmp_path,
        "```bash {#one}\necho busy; until [ -e go ]; do :; done; seq 300\n```\n"
        '```bash {#two .tty}\nread -r line; echo "tty has <$line>"\n```\n- [ ] Look {#look}\n',
    )
    person.types("r")
    person.sees("busy")
    person.types("r")
    person.types("for the terminal")
    (tmp_path / "go").touch()
    person.sees("tty has <for the terminal>")
    person.sees("› ")
    person.types("d")
    person.types("a note of several words")
    assert person.leaves() == 0
    assert "done by hand: a note of several words" in person.screen()


def test_plain_shows_a_person_what_will_run(tmp_path: Path) -> None:
    """Prose and code are read out as text before the question, and what comes next."""
    recipe = tmp_path / "plain.md"
    recipe.write_text(
        "# Title\n\nMind the *mirrors*.\n\n```bash {#one}\necho one\n```\n```bash {#two}\necho two\n```\n"
    )
    person = Person("run", str(recipe), "--no-sign", "--plain", "--runs", "runs", directory=tmp_path)
    person.sees("Mind the \\*mirrors\\*.")
    person.sees("  echo one")
    person.sees("next: two")
    person.sees("› ")
    person.types("q")
    assert person.leaves() == 5
    assert person.colours() == {"default"}
    assert "step 1 of 2" not in person.screen()


def test_a_terminal_that_can_move_no_cursor_gets_text_alone(tmp_path: Path) -> None:
    """With `TERM=dumb` nothing is pinned, and no cursor is moved."""
    person = Person("run", str(HELLO), "--no-sign", "--runs", "runs", directory=tmp_path, environ={"TERM": "dumb"})
    person.sees("› ")
    person.types("q")
    assert person.leaves() == 5
    assert "step 1 of 3" not in person.screen()


def test_more_sub_runs_than_rows_are_shown_in_the_room_there_is(tmp_path: Path) -> None:
    """While they run the rest is a number; afterwards each has one line, on the screen or in the scrollback."""
    hosts = [f"h{number}" for number in range(30)]
    recipe = tmp_path / "many.md"
    recipe.write_text(
        f"---\nrecipe: 1\nparams:\n  hosts: {{type: list, of: str, default: [{', '.join(hosts)}]}}\n---\n"
        "```bash {#all each=hosts parallel=30}\nuntil [ -e go ]; do sleep 0.1; done; [ $each != h7 ]\n```\n"
    )
    person = Person("run", str(recipe), "--no-sign", "--runs", "runs", directory=tmp_path, height=24)
    person.sees("› ")
    person.types("")
    person.waits(lambda rows: any(row.split() == ["…", "10", "more"] for row in rows))
    assert person.screen().split("\n")[1].startswith(" step 1 of 1: all")
    (tmp_path / "go").touch()
    person.sees("h7 ended with exit code 1")
    person.sees("› ")
    rows = [row.split() for row in [*person.past(), *person.screen().split("\n")]]
    shown = [(row[0], row[1]) for row in rows if len(row) > 2 and row[0] in "✓✗◌" and row[1] in hosts]
    assert shown == [("✗" if host == "h7" else "✓", host) for host in hosts]
    person.types("q")
    assert person.leaves() == 5


def test_a_killed_program_leaves_the_screen_as_it_was(tmp_path: Path) -> None:
    """The other screen, a hidden cursor and reports of the mouse do not outlive who asked for them."""
    person = begun(tmp_path, "```bash {#full .tty}\nprintf '\\e[?1049h\\e[?25l\\e[?1000hfull'; kill -9 $$\n```\n")
    person.types("r")
    person.sees(r"full.*\x1b\[\?1000l\x1b\[\?25h\x1b\[\?1049l")
    person.sees("was killed by SIGKILL")
    person.sees("› ")
    person.types("q")
    assert person.leaves() == 5


IGNORANT = "```bash {#deaf .tty}\necho begun; until [ -e go ]; do :; done\n```\n"
"""A step whose program reads nothing of what is typed."""


def test_what_a_program_with_a_terminal_leaves_unread_is_not_lost(tmp_path: Path) -> None:
    """It reaches the next program with a terminal, and the questions, where an unfinished line can be finished."""
    person = begun(
        tmp_path, f'{IGNORANT}```bash {{#reads .tty}}\nread -r line; echo "got <$line>"\n```\n- [ ] Look {{#look}}\n'
    )
    person.types("n 2")
    person.sees("begun")
    person.types("for tje\x7f\x7fhe program")
    person.types("d")
    person.writes("a no")
    (tmp_path / "go").touch()
    person.sees("got <for the program>")
    person.sees("Note.*: a no")
    person.types("te")
    assert person.leaves() == 0
    assert "done by hand: a note" in person.screen()


def test_a_point_of_no_return_is_not_passed_by_what_was_typed_before(tmp_path: Path) -> None:
    """Its id counts only when it was typed once it had been asked for, whoever was to read it before."""
    person = begun(
        tmp_path,
        f"{IGNORANT}```bash {{#one .irreversible}}\ntouch one\n```\n```bash {{#two .irreversible}}\ntouch two\n```\n",
    )
    person.types("r")
    person.sees("begun")
    for text in ("r", "one"):
        person.types(text)
    (tmp_path / "go").touch()
    person.sees("not taken: one")
    person.sees("to go on: ")
    person.types("one\nr\ntwo")
    person.sees("not taken: two")
    person.sees("to go on: ")
    assert (tmp_path / "one").exists()
    assert not (tmp_path / "two").exists()
    person.types("two")
    assert person.leaves() == 0


def test_what_nobody_has_read_is_shown_at_the_end(tmp_path: Path) -> None:
    """A run whose last program left something unread says what."""
    recipe = tmp_path / "last.md"
    recipe.write_text(IGNORANT)
    person = Person("run", str(recipe), "--yes", "--no-sign", "--runs", "runs", directory=tmp_path)
    person.sees("begun")
    person.types("over here")
    person.sees("over here")  # the step's terminal has it
    (tmp_path / "go").touch()
    assert person.leaves() == 0
    assert "typed, and read by nobody: over here" in person.screen()


def test_what_is_said_stays_in_its_column_on_a_narrow_screen(tmp_path: Path) -> None:
    """Questions, manual items, reasons and results are wrapped between words, and indented like their first row."""
    recipe = tmp_path / "narrow.md"
    recipe.write_text(
        "# T\n- [ ] Tell everybody that the archive is frozen from now on {#tell}\n"
        "```bash {#publish-the-images-to-every-region}\nexit 3\n```\n"
    )
    arguments = ("run", str(recipe), "--no-sign", "--runs", "runs")
    person = Person(*arguments, directory=tmp_path, width=40, height=60)
    person.sees("› ")
    person.types("s")
    person.sees("Reason: ")
    person.types("they know it and asked to be left alone")
    person.sees("› ")
    person.types("")
    person.sees("bort")
    rows = person.screen().split("\n")
    for beginning, following in (
        ("  ☐ Tell everybody that the archive is", "    frozen from now on"),
        ("  – skipped: they know it and asked to", "    be left alone"),
        ("  ✗ publish-the-images-to-every-region", "    ended with exit code 3  0.0 s"),
        ("  `publish-the-images-to-every-region`", "  ended with exit code 3."),
    ):
        assert following == rows[rows.index(beginning) + 1]
    person.types("q")
    assert person.leaves() == 5


def test_a_program_that_cannot_be_started_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    """A `.tty` step whose directory is gone fails, and what is asked next is asked at a terminal that ends its rows."""
    person = begun(tmp_path, "```bash {#one .tty dir=gone}\ntrue\n```\n")
    person.types("r")
    person.sees("abort|\\[a\\].*bort")
    person.sees("› ")
    assert [row for row in person.screen().split("\n") if row][-1] == "  ›"
    person.types("q")
    assert person.leaves() == 5
