"""Steps on other hosts, against a real OpenSSH server on loopback and in network namespaces."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recipe_runner.engine.answers import YesOperator
from recipe_runner.engine.events import Event, Output, StepEnd, StepStart
from recipe_runner.engine.history import History
from recipe_runner.engine.operator import Answer
from recipe_runner.engine.plan import plan
from recipe_runner.engine.remote import connection
from recipe_runner.engine.session import Session
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.engine.values import Values
from recipe_runner.errors import ExitCode, InvalidRecipeError
from recipe_runner.language.parse import parse
from tests.recipe_runner.engine.test_execute import Asked
from tests.support import sshd
from tests.support.command import RECIPE, only_run, recipe, records
from tests.support.running import Ran, run_text
from tests.support.terminal import Person

pytestmark = pytest.mark.skipif(not sshd.possible(), reason=sshd.REASON)

Run = Callable[..., Ran]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[sshd.Server]:
    """Serve the hosts alpha and beta."""
    with sshd.serving(tmp_path) as server:
        yield server


@pytest.fixture
def run(server: sshd.Server, tmp_path: Path) -> Run:
    """Run a recipe whose hosts are alpha and beta."""

    def running(text: str, **more: object) -> Ran:
        environ = {**server.environ, **more.pop("environ", {})}  # type: ignore[dict-item]
        return run_text(text, environ=environ, directory=tmp_path, **more)  # type: ignore[arg-type]

    return running


def block(code: str, attributes: str = "#one on=alpha", language: str = "bash") -> str:
    return f"```{language} {{{attributes}}}\n{code}\n```\n"


def processes(mark: str) -> list[int]:
    """Return the processes whose command line is exactly `sleep MARK`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if words[:2] == [b"sleep", mark.encode()]:
            found.append(int(entry.name))
    return found


def none_left(mark: str, seconds: float = 20) -> bool:
    """Wait until no such process is left, for a while."""
    until = time.monotonic() + seconds
    while processes(mark) and time.monotonic() < until:
        threading.Event().wait(0.05)
    return not processes(mark)


def test_a_step_runs_on_its_host_with_streams_apart(run: Run) -> None:
    """Its output comes back as it was written, and the intent names the host."""
    ran = run(block("printf 'a\\0\\377\\r\\n'; echo error >&2; echo \"$SSH_CONNECTION\" | wc -w >&2"))
    assert ran.code is ExitCode.DONE
    assert b"".join(e.data for e in ran.events if isinstance(e, Output) and e.stream == "stdout") == b"a\0\xff\r\n"
    assert ran.text("one", "stderr") == "error\n4\n"
    assert [e.host for e in ran.events if isinstance(e, StepStart)] == ["alpha"]


def test_messages_carry_the_recipes_lines(run: Run) -> None:
    """Bash and Python name the recipe and the line on which the fault stands, as they do here."""
    assert (
        run(block("true\nno-such-command")).text("one", "stderr")
        == "test.md: line 3: no-such-command: command not found\n"
    )
    assert 'File "test.md", line 3' in run(block("x = 1\n1 / 0", language="python")).text("one", "stderr")


@pytest.mark.parametrize(
    ("code", "exit_code", "name"),
    [
        ("exit 3", 3, None),
        ("exit 255", 255, None),
        ("exit 137", 137, None),
        ("kill -9 $$", None, "SIGKILL"),
        ("kill -TERM $$", None, "SIGTERM"),
        ("kill -SEGV $$", None, "SIGSEGV"),
        ("kill -9 -- -$(ps -o pgid= -p $$ | tr -d ' ')", None, "SIGKILL"),
        ("unset nothing; echo $nothing", 1, None),
        ("false | true", 1, None),
    ],
)
def test_exit_codes_and_signals_are_true(run: Run, code: str, exit_code: int | None, name: str | None) -> None:
    """A command that exits 255 or 137 is told apart from a lost connection and from a killed process."""
    ran = run(block(code))
    end = ran.end("one")
    assert (end.outcome, end.exit_code, end.signal) == ("failed", exit_code, name)
    assert ran.code is ExitCode.FAILED


def test_state_is_kept_on_each_host_apart(run: Run) -> None:
    """Variables, functions and the directory stay on their host, as in one terminal for each."""
    ran = run(
        block("A=far; list=(x 'y z'); f() { echo f; }; cd /usr", "#one on=alpha")
        + block('echo "${A-none}"; A=here', "#two")
        + block('echo "${A-none}"; pwd', "#three on=beta")
        + block('echo "$A ${list[1]}"; f; pwd; echo "${SSH_CONNECTION:+fresh}"', "#four on=alpha")
        + block("echo $A", "#five")
    )
    assert ran.code is ExitCode.DONE
    texts = [ran.text(step) for step in ("two", "three", "four", "five")]
    assert texts == ["none\n", f"none\n{Path('~root').expanduser()}\n", "far y z\nf\n/usr\nfresh\n", "here\n"]


def test_the_history_keeps_the_state_of_each_host() -> None:
    """What a step on a host leaves never becomes the state of the steps here."""
    history = History()
    for host, digest in ((None, "a"), ("alpha", "b")):
        history.apply(StepStart(step="s", host=host))
        history.apply(StepEnd(step="s", blobs={"state": {"sha256": digest}}))
    assert (history.state_blob, history.away_blobs) == ({"sha256": "a"}, {"alpha": {"sha256": "b"}})


def test_parameters_are_variables_and_read_only(run: Run) -> None:
    """Values of every shape arrive unchanged, lists as arrays, and cannot be changed."""
    text = "---\nrecipe: 1\nparams:\n  text: {type: str}\n  many: {type: list, of: str}\n---\n" + block(
        'printf "%s|" "$text" "${many[@]}"; bash -c \'echo "$text"\'\ntext=x'
    )
    value = "a'b\"c $(touch /tmp/no) `x` \\ é"
    ran = run(text, params={"text": value, "many": ["1 2", "$HOME"]})
    assert ran.text("one").startswith(f"{value}|1 2|$HOME|")
    assert "text: readonly variable" in ran.text("one", "stderr")


def test_python_blocks_find_parameters_in_their_environment(run: Run) -> None:
    """Python on the host sees what Python here would see, lists as JSON."""
    text = "---\nrecipe: 1\nparams:\n  many: {type: list, of: str}\n---\n"
    code = "import json, os\nprint(json.loads(os.environ['many']), os.environ['RECIPE_STEP'])"
    assert run(text + block(code, language="python"), params={"many": ["a", "b"]}).text("one") == "['a', 'b'] one\n"


def test_outputs_come_back(run: Run) -> None:
    """What a step appends to `$RECIPE_OUTPUT` on its host is known to every later step."""
    ran = run(block("printf 'a=1\\nb<<E\\nx\\ny\\nE\\n' >> $RECIPE_OUTPUT") + block('echo "$one_a $one_b"', "#two"))
    assert ran.end("one").outputs == {"a": "1", "b": "x\ny"}
    assert ran.text("two") == "1 x\ny\n"


def test_an_output_file_that_is_none_fails_the_step(run: Run) -> None:
    """As it does here: one that was removed, one that nobody could read to its end, and one that is far too large."""
    unread = "error: `$RECIPE_OUTPUT` cannot be read: No such file or directory\n"
    for code, words in (
        ("rm $RECIPE_OUTPUT", unread),
        ("rm $RECIPE_OUTPUT; mkfifo $RECIPE_OUTPUT", unread),
        ("truncate -s 1T $RECIPE_OUTPUT", "error: `$RECIPE_OUTPUT` holds more than 100000 bytes"),
    ):
        ran = run(block(code, "#one on=alpha timeout=60s"))
        assert ran.end("one").outcome == "failed"
        assert ran.text("one", "stderr").startswith(words)


def test_secrets_stay_off_command_lines_and_files(run: Run) -> None:
    """While a step runs, no process' arguments and no file in its directory on the host hold the secret."""
    text = "---\nrecipe: 1\nparams:\n  token: {type: secret, env: TOKEN}\n---\n" + block(
        'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n" | grep -c "[s]wordfish" || true\n'
        'cat "${RECIPE_OUTPUT%/*}"/{environ,output} | grep -c "[s]wordfish" || true\n'
        'ls "${RECIPE_OUTPUT%/*}"; stat -c %a "${RECIPE_OUTPUT%/*}"; echo "$token" | rev; echo "$token"'
    )
    ran = run(text, environ={"TOKEN": "swordfish-42"})
    counted = ran.text("one").split()
    assert counted[:2] == ["0", "0"]
    assert counted[2:] == ["environ", "group", "output", "status", "700", "24-hsifdrows", "[secret]"]


def test_nothing_is_left_behind(run: Run) -> None:
    """After the session neither private directory, socket nor connection is left."""
    ran = run(block("ls -d ${RECIPE_OUTPUT%/*}") + block("exit 1", "#two on=beta"))
    directory = Path(ran.text("one").strip())
    assert directory.name.startswith("recipe.")
    assert not directory.exists()


def test_one_connection_serves_all_steps_on_a_host(run: Run, server: sshd.Server) -> None:
    """Steps side by side, more than sshd takes at a time, and one after the other use one connection, which ends."""
    head = "---\nrecipe: 1\nparams:\n  many: {type: list, of: str}\n---\n"
    ran = run(
        head
        + block("echo $SSH_CONNECTION", "#one on=alpha each=many parallel=6")
        + block("echo $SSH_CONNECTION", "#two on=alpha"),
        params={"many": list("abcdef")},
    )
    assert ran.code is ExitCode.DONE
    assert len({*ran.text("one").splitlines(), *ran.text("two").splitlines()}) == 1
    assert ran.text("one", "stderr") == ""
    until = time.monotonic() + 10
    while server.connections() and time.monotonic() < until:
        threading.Event().wait(0.05)
    assert server.connections() == []


def test_each_host_of_a_list(run: Run) -> None:
    """`each=hosts` with `on=${each}` runs once on every host, each with a record of its own."""
    head = "---\nrecipe: 1\nparams:\n  hosts: {type: list, of: str}\n---\n"
    ran = run(head + block("echo $each", "#one each=hosts on=${each} parallel=2"), params={"hosts": ["alpha", "beta"]})
    assert {(e.item, e.host) for e in ran.events if isinstance(e, StepStart)} == {("alpha",) * 2, ("beta",) * 2}
    assert sorted(ran.text("one").split()) == ["alpha", "beta"]


@pytest.mark.parametrize("name", ["-oProxyCommand=touch x", "a b", "a,b", "", "a;b", "a\nb"])
def test_names_that_are_options_are_refused(tmp_path: Path, name: str) -> None:
    """A host that ssh would take for an option, or that is no name at all, is refused before anything runs."""
    head = "---\nrecipe: 1\nparams:\n  host: {type: str, required: false}\n---\n"
    with pytest.raises(InvalidRecipeError, match="wanted the name of one host") as refused:
        run_text(head + block("true", "#one on=${host}"), params={"host": name}, directory=tmp_path)
    assert [d.span.line for d in refused.value.diagnostics if d.span] == [6]


def test_every_unfit_host_of_a_list_is_named(tmp_path: Path) -> None:
    """A list where one host is wanted is refused with the way to write it."""
    head = "---\nrecipe: 1\nparams:\n  hosts: {type: list, of: str}\n---\n"
    with pytest.raises(InvalidRecipeError) as refused:
        run_text(head + block("true", "#one on=${hosts}"), params={"hosts": ["a", "b"]}, directory=tmp_path)
    assert [d.hint for d in refused.value.diagnostics] == [
        "for several hosts, write `each=` and the list's name, and `on=${each}`"
    ]


def test_a_host_can_be_an_earlier_steps_output(run: Run) -> None:
    """An unfit one is known only then: the step fails, and ssh never hears of it."""
    ran = run(block("echo host=beta >> $RECIPE_OUTPUT", "#find") + block("true", "#one on=${find.host}"))
    assert [e.host for e in ran.events if isinstance(e, StepStart)] == [None, "beta"]
    ran = run(block("echo host=-v >> $RECIPE_OUTPUT", "#find") + block("true", "#one on=${find.host}"))
    assert ran.text("one", "stderr") == "error: `on`: found `-v`, wanted the name of one host\n"


def test_a_host_that_cannot_be_reached_has_run_nothing(run: Run, server: sshd.Server) -> None:
    """A refused key is a failure, never an unknown state, and ssh's own words say why."""
    (server.directory / "authorized").write_text("")
    ran = run(block("true"))
    assert (ran.end("one").outcome, ran.end("one").exit_code) == ("failed", 255)
    assert "Permission denied" in ran.text("one", "stderr")
    assert "error: `alpha` cannot be reached; nothing was run there\n" in ran.text("one", "stderr")


def test_a_host_without_a_fitting_bash_says_so(run: Run, server: sshd.Server) -> None:
    """A host on which bash cannot be started has run nothing."""
    with (server.directory / "authorized").open("r+") as keys:
        line = keys.read()
        keys.seek(0)
        keys.write(f'command="echo no shell for you >&2; exit 1" {line}')
    ran = run(block("true"))
    assert (ran.end("one").outcome, ran.end("one").exit_code) == ("failed", 255)
    assert "no shell for you" in ran.text("one", "stderr")


def test_a_host_that_cannot_run_steps_has_run_nothing(run: Run, server: sshd.Server, tmp_path: Path) -> None:
    """Where the supervisor gives up, what it was sent is never taken for code; what a closed account says is told."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "sh", "mktemp", "rm", "touch"):
        (tools / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "forced").write_text(f'#!/bin/sh\nPATH={tools}; export PATH; eval "$SSH_ORIGINAL_COMMAND"\n')
    (tmp_path / "forced").chmod(0o755)
    authorized = server.directory / "authorized"
    key = authorized.read_text()
    for forced in (f"{tmp_path}/forced", "echo this account is closed"):
        authorized.write_text(f'command="{forced}" {key}')
        ran = run(block(f"touch {tmp_path}/proof"))
        assert (ran.end("one").outcome, ran.end("one").exit_code) == ("failed", 255)
        assert "nothing was run there\n" in ran.text("one", "stderr")
    assert "this account is closed" in ran.text("one", "stderr")
    assert not (tmp_path / "proof").exists()


def test_a_configuration_for_tunnels_does_not_decide_what_runs(run: Run, server: sshd.Server) -> None:
    """Settings that would keep a session from its command, its input or its place in front are overruled."""
    config = server.directory / "ssh_config"
    settings = ["SessionType none", "ForkAfterAuthentication yes", "StdinNull yes", "RemoteCommand false"]
    settings += ["RequestTTY force", f"ControlPath {server.directory}/mine", "ControlMaster auto"]
    config.write_text("".join(f"{line}\n" for line in settings) + config.read_text())
    ran = run(block("[ ! -t 1 ] && echo right"))
    assert ran.text("one") == "right\n"
    assert not (server.directory / "mine").exists()


def test_only_a_session_with_hosts_has_a_directory_of_sockets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made with the first connection, and what a killed session has left is swept."""
    shared = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    monkeypatch.setattr(connection, "SHORT", (shared,))
    left = shared / f"recipe-ssh-{os.getuid()}--left"
    left.mkdir()
    run(block("true", "#here"))
    assert list(shared.iterdir()) == [left]
    run(block("true"))
    assert list(shared.iterdir()) == []
    shared.rmdir()


def test_without_room_for_the_socket_nothing_is_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step has failed, and is not left in an unknown state."""
    monkeypatch.setattr(connection, "SHORT", (Path("/proc/self"),))
    ran = run(block("true"))
    assert (ran.end("one").outcome, ran.end("one").exit_code) == ("failed", 255)
    assert ran.text("one", "stderr").startswith("error: no place for ssh's socket: ")


def test_a_time_limit_ends_the_whole_group_on_the_host(run: Run) -> None:
    """Interrupted first, so that a trap can clean up; nothing is left."""
    mark = f"61{os.getpid()}"
    ran = run(block(f"trap 'echo cleaned; exit 1' INT\nsleep {mark} & wait", "#one on=alpha timeout=2s"))
    assert (ran.end("one").outcome, ran.text("one")) == ("timeout", "cleaned\n")
    assert none_left(mark)


def test_a_group_that_ignores_the_interrupt_is_killed(run: Run) -> None:
    """The ladder goes up to SIGKILL on the host."""
    mark = f"62{os.getpid()}"
    stubborn = block(f"trap '' INT TERM\nsleep {mark} & while :; do wait; done", "#one on=alpha timeout=2s")
    ran = run(f"{block('true', '#connected on=alpha')}\n{stubborn}")  # connecting takes nothing from the limit
    end = ran.end("one")
    assert (end.outcome, end.signal) == ("timeout", "SIGKILL")
    assert none_left(mark)


def session_until(
    text: str, environ: dict[str, str], when: bytes, act: Callable[[], None]
) -> tuple[ExitCode, list[Event]]:
    """Run a recipe, and do something as soon as a step has written a text."""
    session = Session(
        plan(parse("test.md", text.encode()), Values(), actions={}, preconditions={}),
        History(),
        YesOperator(),
        (),
        ShellState(),
        environ={**os.environ, **environ},
    )
    stream = session.events()
    events: list[Event] = []
    while True:
        try:
            events.append(event := next(stream))
        except StopIteration as stop:
            return stop.value, events
        if isinstance(event, Output) and when in event.data:
            act()


def test_a_lost_connection_is_an_unknown_state(server: sshd.Server) -> None:
    """When the connection goes in the middle of a step its outcome is lost, and the host ends what was running."""
    mark = f"63{os.getpid()}"
    text = block(f"echo begun; sleep {mark}", "#one on=alpha retries=2 retry-delay=0s")
    code, events = session_until(text, server.environ, b"begun", server.cut)
    (end,) = (e for e in events if isinstance(e, StepEnd))
    assert (end.outcome, end.exit_code, end.signal) == ("lost", None, None)
    assert History.of(events).track("one").status == "unknown"
    assert code is not ExitCode.DONE
    assert none_left(mark)


def test_a_lost_connection_is_made_again(run: Run, tmp_path: Path) -> None:
    """The next step on the host gets a new connection, and finds the state that the runner has kept."""
    cut = (
        "pid=$$; until [[ $(</proc/$pid/comm) == sshd ]]; do pid=$(ps -o ppid= -p $pid | tr -d ' '); done; kill -9 $pid"
    )
    code = f"mkdir {tmp_path}/made 2>/dev/null || {{ echo $A; exit; }}\n{cut}; sleep 60"
    operator = Asked(Answer("run"), Answer("run"), Answer("retry"))
    ran = run(block("A=1") + block(code, "#two on=alpha"), operator=operator)
    assert [e.outcome for e in ran.events if isinstance(e, StepEnd)] == ["ok", "lost", "ok"]
    assert ran.text("two") == "1\n"


def test_a_host_whose_supervisor_is_killed_is_cleared(run: Run) -> None:
    """The step is lost; neither its processes nor its directory stay; the state, in which secrets are, had no name."""
    mark = f"68{os.getpid()}"
    code = "ls ${RECIPE_OUTPUT%/*}; for pid in $(pgrep -f '^bash --noprofile --norc -s$'); do\n"
    code += "[[ -e /proc/$pid/fd/6 && $(readlink /proc/$pid/fd/6) == ${RECIPE_OUTPUT%/*}/* ]] && kill -9 $pid; done\n"
    ran = run(block(f"echo ${{RECIPE_OUTPUT%/*}}; {code}sleep {mark}"))
    directory, *left = ran.text("one").split()
    assert (ran.end("one").outcome, left) == ("lost", ["environ", "group", "output", "status"])
    assert none_left(mark)
    assert not Path(directory).exists()


def test_a_step_that_rids_itself_of_its_watchers_is_ended(run: Run) -> None:
    """Where its session is over and nobody can say how it ended, the step is lost, and does not run on unseen."""
    mark = f"69{os.getpid()}"
    watchers = "kill -9 $PPID $(ps -o ppid= -p $PPID)"
    ran = run(block(f"exec >/dev/null 2>&1 9>&1; {watchers}; sleep {mark}"))
    assert ran.end("one").outcome == "lost"
    assert none_left(mark)


def test_an_interrupt_reaches_the_host(server: sshd.Server) -> None:
    """SIGINT to the runner interrupts the step there, and its trap can still speak."""
    mark = f"64{os.getpid()}"
    text = block(f"trap 'echo cleaned; exit 130' INT\necho begun; sleep {mark} & wait")
    code, events = session_until(text, server.environ, b"begun", lambda: os.kill(os.getpid(), signal.SIGINT))
    (end,) = (e for e in events if isinstance(e, StepEnd))
    assert (code, end.outcome, end.exit_code) == (ExitCode.INTERRUPTED, "interrupted", 130)
    assert b"cleaned\n" in b"".join(e.data for e in events if isinstance(e, Output))
    assert none_left(mark)


def test_a_killed_runner_leaves_nothing_running_on_the_host(server: sshd.Server, tmp_path: Path) -> None:
    """Kill -9 of the runner ends its step there, its connections and its masters."""
    mark = f"65{os.getpid()}"
    (tmp_path / "t.md").write_text("# T\n" + block(f"echo begun; sleep {mark}"))
    process = subprocess.Popen(
        [RECIPE, "run", tmp_path / "t.md", "--yes", "--no-sign", "--runs", tmp_path / "runs"],
        env={**os.environ, **server.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    assert any(b"begun" in line for line in process.stdout)
    process.kill()
    process.wait()
    process.stdout.close()
    assert none_left(mark)


def test_a_resumed_run_finds_the_state_on_its_host(server: sshd.Server, tmp_path: Path) -> None:
    """What a block left on a host is there for the next, in another session, from the journal."""
    path, runs = tmp_path / "t.md", tmp_path / "runs"
    text = (
        block("A=far")
        + block(f"echo got $A; test -e {tmp_path}/now", "#two on=alpha")
        + block("test -z ${A-}", "#three")
    )
    path.write_text(f"# T\n{text}")
    first = recipe("run", path, "--yes", "--no-sign", "--runs", runs, environ=server.environ)
    (tmp_path / "now").touch()
    second = recipe("resume", only_run(runs), "--yes", environ=server.environ)
    assert (first.returncode, second.returncode) == (1, 0), second.stderr
    assert "got far" in second.stdout
    hosts = [line.get("host") for line in records(only_run(runs)) if line["t"] == "step_start"]
    assert hosts == ["alpha", "alpha", "alpha", None]


def test_the_operators_shell_is_on_the_host_of_the_step(server: sshd.Server, tmp_path: Path) -> None:
    """The shell offered before a step stands on its host, with the state there; a `.tty` step there reads the keys."""
    path = tmp_path / "t.md"
    path.write_text("# T\n" + block("A=far") + block('read -r line; echo "<$line>"', "#two on=alpha .tty"))
    person = Person(
        "run", str(path), "--no-sign", "--runs", str(tmp_path / "runs"), directory=tmp_path, environ=server.environ
    )
    person.sees("one")
    person.sees("› ")
    person.types("")
    person.sees("two")
    person.sees("› ")
    person.types("h")
    person.sees(r"\(two\).*# ")
    person.types('echo "<${SSH_CONNECTION:+there} $A>"')
    person.sees("<there far>\r")
    person.sees("# ")
    person.types("exit")
    person.sees("› ")
    person.types("")
    person.types("typed")
    person.sees("<typed>\r")
    assert person.leaves() == 0


def test_a_background_process_that_holds_the_output_open_does_not_hold_the_step(run: Run) -> None:
    """The step is over when its shell is; the process lives on."""
    mark = f"66{os.getpid()}"
    began = time.monotonic()
    ran = run(block(f"sleep {mark} & echo started"))
    assert (ran.end("one").outcome, ran.text("one")) == ("ok", "started\n")
    assert time.monotonic() - began < 30
    (left,) = processes(mark)
    os.kill(left, signal.SIGKILL)


def test_a_terminal_on_the_host(run: Run) -> None:
    """A `.tty` step has a terminal there, a true exit code, and its state is kept."""
    ran = run(block("[ -t 0 ] && [ -t 1 ] && tty; B=2", "#one on=alpha .tty") + block("echo $B", "#two on=alpha"))
    assert ran.text("one").startswith("/dev/pts/")
    assert ran.text("two") == "2\n"
    assert run(block("exit 7", "#one on=alpha .tty")).end("one").exit_code == 7


def test_check_and_verify_run_on_the_host_of_their_step(run: Run) -> None:
    """Scripts of a step look where the step works."""
    role = 'test -n "${SSH_CONNECTION-}"'
    ran = run(
        f"```bash {{.check for=one}}\n{role}\n```\n" + block("true") + f"```bash {{.verify for=one}}\n{role}\n```\n"
    )
    assert ran.code is ExitCode.DONE
    assert {(e.role, e.host) for e in ran.events if isinstance(e, StepStart)} == {
        ("check", "alpha"),
        ("run", "alpha"),
        ("verify", "alpha"),
    }


def test_large_output_and_source_pass(run: Run) -> None:
    """Many megabytes out and a long block in go through whole."""
    ran = run(block("head -c 20000000 /dev/zero") + block("x='" + "y" * 200_000 + "'\necho ${#x}", "#two on=alpha"))
    assert len(ran.text("one")) == 20_000_000
    assert ran.text("two") == "200000\n"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[sshd.Network]:
    """Serve three hosts, each with a network of its own."""
    if not sshd.namespaces_permitted():
        pytest.skip("needs iproute2 and the right to make network namespaces")
    with sshd.network(tmp_path, ("north", "south", "west")) as network:
        yield network


HOSTS = "---\nrecipe: 1\nparams:\n  hosts: {type: list, of: str}\n---\n"


def test_several_hosts_side_by_side(network: sshd.Network, tmp_path: Path) -> None:
    """Each sub-run reaches the machine it names, whose address is its own."""
    text = HOSTS + block("set -- $SSH_CONNECTION; echo $each $3", "#one each=hosts on=${each} parallel=3")
    ran = run_text(text, params={"hosts": list(network.hosts)}, environ=network.environ, directory=tmp_path)
    assert sorted(ran.text("one").splitlines()) == ["north 192.0.2.2", "south 192.0.2.6", "west 192.0.2.10"]


@pytest.mark.slow
def test_a_host_that_falls_silent_is_lost_and_ends_its_step(network: sshd.Network) -> None:
    """Nobody says goodbye: within a minute or two the step is lost here, and over there."""
    mark = f"67{os.getpid()}"
    text = block(f"echo begun; sleep {mark}", "#one on=south")
    _, events = session_until(text, network.environ, b"begun", lambda: network.unplug("south"))
    (end,) = (e for e in events if isinstance(e, StepEnd))
    assert end.outcome == "lost"
    assert end.duration_ms < 90_000
    assert none_left(mark, 120)
