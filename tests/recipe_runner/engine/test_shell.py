from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipe_runner.engine.events import Note, Output
from recipe_runner.engine.secrets.redaction import Redactor
from recipe_runner.engine.shell import Surroundings, prepared
from recipe_runner.engine.shell_state import ShellState
from recipe_runner.errors import ExitCode, Span, VerificationError
from recipe_runner.language.model import Script
from tests.support.running import run_text

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40)


def test_variables_functions_arrays_and_directory_reach_the_next_block(tmp_path: Path) -> None:
    """What a person would keep in one terminal is there in the next block: exported or not."""
    ran = run_text(
        "```bash {#one}\n"
        "export A=1; B='x y'; C=(1 2 '3 4'); declare -A D=([k]='v w'); greet() { echo \"hello $1\"; }; cd /usr\n"
        "```\n"
        "```bash {#two}\n"
        'greet you; echo "$A $B ${C[2]} ${D[k]} $PWD"; bash -c \'echo "child: $A ${B-none}"\'\n'
        "```\n",
        directory=tmp_path,
    )
    assert ran.text("two") == "hello you\n1 x y 3 4 v w /usr\nchild: 1 none\n"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=TEXT)
def test_any_parameter_text_reaches_bash_and_python_unchanged(tmp_path: Path, value: str) -> None:
    """No parameter text can break out of its variable: bash and Python print back exactly what was given."""
    ran = run_text(
        "---\nrecipe: 1\nparams:\n  text: {type: str, default: ''}\n---\n"
        "```bash {#sh}\nprintf '%s' \"$text\"; copy=$text\n```\n"
        "```bash {#again}\nprintf '%s' \"$copy\"\n```\n"
        "```python {#py}\nimport os, sys\nsys.stdout.write(os.environ['text'])\n```\n",
        params={"text": value},
        directory=tmp_path,
    )
    assert [ran.text(step) for step in ("sh", "again", "py")] == [value] * 3


def test_lists_are_arrays_in_bash_and_json_in_python(tmp_path: Path) -> None:
    """A list parameter is a real, read-only bash array, and JSON text in Python's environment."""
    ran = run_text(
        "---\nrecipe: 1\nparams:\n  regions: {type: list, of: str}\n---\n"
        '```bash {#sh}\nprintf "%s\\n" "${#regions[@]}" "${regions[1]}"\n'
        "(regions=x) 2>/dev/null || echo read-only\n```\n"
        "```python {#py}\nimport json, os\nprint(json.loads(os.environ['regions']))\n```\n",
        params={"regions": ["us-east-1", "a b'c"]},
        directory=tmp_path,
    )
    assert ran.text("sh") == "2\na b'c\nread-only\n"
    assert ran.text("py") == "['us-east-1', \"a b'c\"]\n"


def test_an_error_carries_the_line_of_the_recipe(tmp_path: Path) -> None:
    """Bash's and Python's own messages name the recipe and its line, not a place inside the block."""
    ran = run_text("# T\n\ntext\n\n```bash {#one}\ntrue\nno-such-command\n```\n", directory=tmp_path)
    assert "test.md: line 7: no-such-command: command not found" in ran.text("one", "stderr")
    assert ran.end("one").exit_code == 127
    ran = run_text("# T\n\n```python {#one}\nraise ValueError(1)\n```\n", directory=tmp_path)
    assert 'File "test.md", line 4' in ran.text("one", "stderr")


@pytest.mark.parametrize(
    "code",
    [
        "echo $nothing",
        "false | true",
        "false; true",
        "set +e\nfalse",
        "[[ -e /none ]] && true",
        "set +e; trap true EXIT\n(exit 7)",
    ],
)
def test_a_block_fails_in_strict_mode_and_by_its_last_command_in_any(tmp_path: Path, code: str) -> None:
    """An unset variable, a failing pipe or command ends it, the last one also under `set +e`; it hands nothing on."""
    ran = run_text(f"```bash {{#one}}\nx=1\n{code}\n```\n", directory=tmp_path)
    assert ran.end("one").outcome == "failed"
    assert not [e for e in ran.events if isinstance(e, Output) and e.stream == "state"]


def test_exit_and_own_traps_keep_the_state(tmp_path: Path) -> None:
    """`exit 0` in a block, and a trap of the author's own, still hand the state on."""
    ran = run_text(
        "```bash {#one}\nA=1\nexit 0\n```\n```bash {#two}\ntrap 'echo bye' EXIT\nB=2\n```\n"
        '```bash {#three}\necho "$A $B"\n```\n',
        directory=tmp_path,
    )
    assert ran.text("two") == "bye\n"
    assert ran.text("three") == "1 2\n"


def test_what_a_block_made_readonly_is_handed_on_writable(tmp_path: Path) -> None:
    """The value is carried over and the mark is not: else no block that sets it could run a second time."""
    ran = run_text(
        "```bash {#one}\nreadonly A=1; declare -rx B=2; declare -ra C=(3); declare -ri D=4\n```\n"
        "```bash {#two}\nA+=1 B+=1 C+=(1) D+=1; declare -p A B C D\n```\n",
        directory=tmp_path,
    )
    assert ran.text("two").splitlines() == [
        'declare -- A="11"', 'declare -x B="21"', 'declare -a C=([0]="3" [1]="1")', 'declare -i D="5"',
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["exec true", "trap true EXIT; exit 0"])
def test_a_block_that_leaves_nothing_says_so(tmp_path: Path, code: str) -> None:
    """A block that cannot hand its variables on says so, lest a later one go on with old values unawares."""
    ran = run_text(f"```bash {{#one}}\nA=1; {code}\n```\n", directory=tmp_path)
    assert ran.end("one").outcome == "ok"
    assert "are not handed on" in ran.text("one", "stderr")


def test_unset_and_changed_environment_variables_are_carried(tmp_path: Path) -> None:
    """What a block does to the environment holds in the next; what it left alone is not stored with the run."""
    ran = run_text(
        '```bash {#one}\nunset GONE; KEPT=new\n```\n```bash {#two}\necho "${GONE-unset} $KEPT $SAME"\n```\n',
        environ={"GONE": "1", "KEPT": "old", "SAME": "same"},
        directory=tmp_path,
    )
    assert ran.text("two") == "unset new same\n"
    states = [e.data for e in ran.events if isinstance(e, Output) and e.stream == "state"]
    assert b"SAME" not in states[0]


def test_outputs_become_variables_of_later_blocks(tmp_path: Path) -> None:
    """`name=value` and here-documents in `$RECIPE_OUTPUT` are `$step_id_name` later on."""
    ran = run_text(
        '```bash {#make-it}\necho "ami=ami-1" >> "$RECIPE_OUTPUT"\n'
        "printf 'notes<<E\\na\\nb\\nE\\n' >> \"$RECIPE_OUTPUT\"\n```\n"
        '```bash {#use}\necho "$make_it_ami"; echo "$make_it_notes"\n```\n',
        directory=tmp_path,
    )
    assert ran.text("use") == "ami-1\na\nb\n"
    assert ran.end("make-it").outputs == {"ami": "ami-1", "notes": "a\nb"}


def test_malformed_outputs_fail_the_step(tmp_path: Path) -> None:
    """A line that is neither form fails the step and says which line."""
    ran = run_text('```bash {#one}\necho "what is this" >> "$RECIPE_OUTPUT"\n```\n', directory=tmp_path)
    assert ran.end("one").outcome == "failed"
    assert "line 1 of `$RECIPE_OUTPUT`" in ran.text("one", "stderr")


def test_a_directory_in_place_of_the_output_file_fails_the_step_alone(tmp_path: Path) -> None:
    """Whatever a step makes of `$RECIPE_OUTPUT`, the run goes on to ask what comes next."""
    ran = run_text('```bash {#one}\nrm "$RECIPE_OUTPUT"; mkdir -p "$RECIPE_OUTPUT/x"\n```\n', directory=tmp_path)
    assert ran.code is ExitCode.FAILED
    assert ran.end("one").outcome == "failed"


def test_a_step_directory_holds_for_that_step_only(tmp_path: Path) -> None:
    """`dir=` moves one block; the next one is back where the last block without it ended."""
    ran = run_text(
        "```bash {#one}\ncd /usr\n```\n```bash {#two dir=/var}\npwd\n```\n```bash {#three}\npwd\n```\n",
        directory=tmp_path,
    )
    assert (ran.text("two"), ran.text("three")) == ("/var\n", "/usr\n")


def test_state_survives_its_stored_form() -> None:
    """The state read back from the run is the state that was written; anything else is none."""
    state = ShellState(('declare -- a="1"',), "f () \n{ \n    true\n}\n", "/tmp")
    assert ShellState.from_bytes(state.to_bytes()) == state
    for wrong in (b"\xff", b"[]", b'{"variables": "x"}', b'{"functions": null}', b"[" * 100_000):
        with pytest.raises(VerificationError, match="handed on"):
            ShellState.from_bytes(wrong)


def test_state_with_a_secret_is_stored_without_it() -> None:
    """Variables and functions that hold a secret, as it is or in base64, and a directory named so, are left out."""
    state = ShellState(
        ('declare -- a="hunter22"', 'declare -- b="x"', 'declare -- c="aHVudGVyMjI="'),
        "f () { echo hunter22; }",
        "/hunter22",
    )
    kept = state.without(Redactor(["hunter22"]))
    assert kept == ShellState(('declare -- b="x"',), "", None, ("`a`", "`c`", "the functions", "the working directory"))
    assert ShellState.from_bytes(kept.to_bytes()) == kept


def test_a_session_says_what_of_the_state_was_not_stored(tmp_path: Path) -> None:
    """Whoever goes on with a run is told which variables a later step will not find, since a secret stood in them."""
    ran = run_text("```bash {#one}\ntrue\n```\n", directory=tmp_path, withheld=("`a`", "the functions"))
    assert [event.text for event in ran.events if isinstance(event, Note)] == [
        "not restored, since a secret stands in it: `a`, the functions"
    ]


@pytest.mark.parametrize("language", ["bash", "python"])
def test_a_script_waits_until_it_is_let_go(tmp_path: Path, language: Literal["bash", "python"]) -> None:
    """A shell that was made ready does not look at its script where nobody lets it go."""
    texts = {"bash": "touch begun", "python": "open('begun', 'w')"}
    code = Script(language=language, text=texts[language], span=Span("r.md", 1), first_line=1)
    around = Surroundings("r.md", {**os.environ}, {}, str(tmp_path))
    with prepared(code, ShellState(), around, None, waits=True) as ready:
        process = subprocess.Popen(
            ready.command.argv, env=dict(ready.command.environ), cwd=tmp_path, pass_fds=ready.command.descriptors
        )
    assert process.wait() != 0
    assert not (tmp_path / "begun").exists()
