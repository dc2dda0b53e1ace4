from __future__ import annotations

from pathlib import Path

from tests.support.command import only_run, records
from tests.support.terminal import Person

SHELL = ("bash", "--norc", "-ic")
"""A shell with job control that runs `recipe`; what is behind the first command happens while that is stopped."""
MEANWHILE = '"$@"; seq 40; stty -a | grep -o "[- ]icanon"; read -rp "shell> "; fg; exit $?'


def suspended(directory: Path, text: str, *options: str, meanwhile: str = MEANWHILE) -> Person:
    """Run a recipe of this text as a job of a shell."""
    (directory / "r.md").write_text(text)
    words = ("run", "r.md", "--no-sign", "--runs", "runs", *options)
    return Person(*words, directory=directory, height=24, inside=(*SHELL, meanwhile, "shell"))


def headed(rows: list[str]) -> bool:
    """Say whether the header is at the head of the screen, and nowhere else."""
    return rows[1].startswith(" step 1 of") and not any(row.startswith(" step") for row in rows[2:])


def test_ctrl_z_at_a_question_gives_the_terminal_back_and_fg_asks_again(tmp_path: Path) -> None:
    """The shell gets its modes and the whole screen; then header, prompt and what was typed so far are there again."""
    person = suspended(tmp_path, "```bash {#one}\ntrue\n```\n")
    person.waits(lambda rows: rows[-1] == "  ›")
    person.types("s")
    person.waits(lambda rows: rows[-1] == "  Reason:")
    person.writes("it rains\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D")
    person.waits(lambda rows: rows[-1] == "  Reason: it rains")
    person.presses("z")
    person.waits(lambda rows: rows[-1] == "shell>")
    rows = person.screen().split("\n")
    assert rows[-2] == " icanon"
    assert rows[:2] == ["19", "20"]
    person.types("")
    person.waits(lambda rows: headed(rows) and rows[-1] == "  Reason: it rains")
    person.writes("often ")
    person.waits(lambda rows: rows[-1] == "  Reason: it often rains")
    person.types("")
    assert person.leaves() == 0
    assert next(r["reason"] for r in records(only_run(tmp_path / "runs")) if r["t"] == "skip") == "it often rains"


def test_ctrl_z_stops_sub_runs_side_by_side_and_fg_lets_all_go_on(tmp_path: Path) -> None:
    """All stop with the runner, and none of them is over its time limit by that; the live lines go on below."""
    states = "for name in ann ben; do sed 's/.*) //; s/ .*//' /proc/$(cat $name)/stat; done; sleep 3; "
    person = suspended(
        tmp_path,
        "---\nrecipe: 1\nparams:\n  names: {type: list, of: str, default: [ann, ben]}\n---\n"
        "```bash {#one each=names parallel=2 timeout=3s}\necho $$ > $each; until [ -e go ]; do sleep 0.1; done\n```\n",
        "--yes",
        meanwhile=MEANWHILE.replace("seq 40; ", states + "touch go; "),
    )
    person.waits(lambda rows: any("ben" in row for row in rows) and (tmp_path / "ben").exists())
    person.presses("z")
    person.waits(lambda rows: rows[-1] == "shell>")
    assert person.screen().split("\n")[-4:-2] == ["T", "T"]
    person.types("")
    assert person.leaves() == 0


def test_ctrl_z_stops_a_program_with_a_terminal_of_its_own(tmp_path: Path) -> None:
    """One that reads lines stops with the runner; what is typed later reaches it as if nothing had happened."""
    person = suspended(tmp_path, '```bash {#one .tty}\necho $$ ready; read -r line; echo "got <$line>"\n```\n', "--yes")
    person.sees(r"\d ready")
    person.presses("z")
    person.waits(lambda rows: rows[-1] == "shell>")
    assert person.screen().split("\n")[-2] == " icanon"
    person.types("")
    person.types("after all")
    person.sees("got <after all>")
    assert person.leaves() == 0


def test_ctrl_z_in_a_wait(tmp_path: Path) -> None:
    """The wait goes on after it; its header is there again."""
    person = suspended(
        tmp_path,
        "```bash {#one wait=10m every=1s}\n[ -e go ]\n```\n",
        meanwhile=MEANWHILE.replace("seq 40", "touch go; seq 40"),
    )
    person.waits(lambda rows: rows[-1] == "  ›")
    person.types("")
    person.waits(lambda rows: "looking again" in rows[-1])
    person.presses("z")
    person.waits(lambda rows: rows[-1] == "shell>")
    assert person.screen().split("\n")[:2] == ["19", "20"]
    person.types("")
    assert person.leaves() == 0


def test_a_run_in_the_background_leaves_the_terminal_to_the_shell(tmp_path: Path) -> None:
    """Started by `&` it goes on without the terminal, and the shell can be typed at."""
    meanwhile = '"$@" >log & until [ -e begun ]; do sleep 0.1; done; read -rp "shell> " line; touch go; wait %1'
    person = suspended(
        tmp_path,
        "```bash {#one}\ntouch begun; until [ -e go ]; do sleep 0.1; done\n```\n",
        "--yes",
        meanwhile=f"{meanwhile}; echo got $line $?",
    )
    person.sees("shell> ")
    person.types("typed")
    person.sees("got typed 0")
    assert person.leaves() == 0


def test_a_step_that_reads_where_the_terminal_can_never_be_had_is_ended(tmp_path: Path) -> None:
    """Begun by a shell that is gone, a run is brought to the foreground by nobody: it neither hangs nor takes over."""
    meanwhile = '( ( "$@" </dev/tty >log 2>&1; echo $? >code ) & ); '
    meanwhile += 'until [ -s code ]; do sleep 0.1; done; read -rp "shell> " line; echo got $line $(cat code)'
    person = suspended(tmp_path, "```bash {#one}\nread -r line\n```\n", "--yes", meanwhile=meanwhile)
    person.sees("shell> ")
    person.types("typed")
    person.sees("got typed 1")
    assert person.leaves() == 0
    assert "was interrupted" in (tmp_path / "log").read_text()
