from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from recipe_runner.engine.answers import AnswersOperator, YesOperator
from recipe_runner.engine.course import Course, check_course
from recipe_runner.engine.events import Abort, Close, Confirm, Deviation, Event, Output, Skip, StepEnd, StepStart
from recipe_runner.engine.operator import Answer, Question
from recipe_runner.errors import ExitCode, IncompleteError, UnmetError, UsageError
from tests.support.running import run_text


class Asked:
    """An operator that answers from a list and remembers what it was asked."""

    present = False

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.questions: list[Question] = []

    def decided(self, question: Question) -> Answer | None:
        """Nothing is decided beforehand."""
        return None

    def ask(self, question: Question) -> Answer:
        self.questions.append(question)
        return self.answers.pop(0)


BAD_AMONG_GOOD = ((1, "true"), (2, "false"), (3, "true"))


def kinds(events: Sequence[Event]) -> list[str]:
    return [event.type for event in events if hasattr(event, "type")]


def alive(pid: int) -> bool:
    """Say whether a process is there and more than a corpse that nobody has buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_intent_comes_before_the_command(tmp_path: Path) -> None:
    """`step_start` is handed out before the command can have any effect, `step_end` after it."""
    from recipe_runner.engine.history import History
    from recipe_runner.engine.plan import plan
    from recipe_runner.engine.session import Session
    from recipe_runner.engine.shell_state import ShellState
    from recipe_runner.engine.values import Values
    from recipe_runner.language.parse import parse

    mark = tmp_path / "mark"
    recipe = parse("t.md", f"```bash {{#one}}\ntouch {mark}\n```\n".encode())
    session = Session(plan(recipe, Values(), actions={}, preconditions={}), History(), YesOperator(), (), ShellState())
    for event in session.events():
        if isinstance(event, StepStart):
            assert not mark.exists()
        if isinstance(event, StepEnd):
            assert mark.exists()


def test_a_failed_step_under_yes_ends_the_session_with_code_1(tmp_path: Path) -> None:
    """Nothing runs after a failure, and the exit code is never 0."""
    ran = run_text("```bash {#one}\nexit 3\n```\n```bash {#two}\ntrue\n```\n", directory=tmp_path)
    assert ran.code is ExitCode.FAILED
    assert ran.end("one").exit_code == 3
    assert kinds(ran.events)[-1] == "abort"
    assert not any(isinstance(e, StepStart) and e.step == "two" for e in ran.events)


def test_retry_runs_the_step_again_and_counts_the_attempt(tmp_path: Path) -> None:
    """After a retry that works the run goes on to its end."""
    operator = Asked(Answer("run"), Answer("retry"), Answer("run"))
    text = "```bash {#one}\nmkdir made || exit 0\nexit 1\n```\n```bash {#two}\ntrue\n```\n"
    ran = run_text(text, operator=operator, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert [e.attempt for e in ran.events if isinstance(e, StepStart)] == [1, 2, 1]
    assert operator.questions[1].text == "`one` ended with exit code 1."


def test_retries_attempt_again_without_asking(tmp_path: Path) -> None:
    """`retries=2` allows three attempts."""
    text = "```bash {#one retries=2 retry-delay=0s}\necho x >> log\n[ $(wc -l < log) = 3 ]\n```\n"
    ran = run_text(text, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert ran.end("one").attempt == 3


def test_starts_and_ends_tell_the_same_attempt(tmp_path: Path) -> None:
    """Checks belong to the attempt before which they run, and each end is of the attempt that began."""
    text = "```bash {#one retries=1 retry-delay=0s}\necho x >> log\n[ $(wc -l < log) = 2 ]\n```\n"
    ran = run_text(f"{text}```bash {{.check for=one}}\ntrue\n```\n", directory=tmp_path)
    seen: dict[type[Event], list[tuple[str, int]]] = {
        kind: [(event.role, event.attempt) for event in ran.events if isinstance(event, kind)]
        for kind in (StepStart, StepEnd)
    }
    assert seen[StepStart] == seen[StepEnd]
    assert [pair for pair in seen[StepEnd] if pair[0] == "run"] == [("run", 1), ("run", 2)]
    assert seen[StepEnd][0] == ("check", 1)


@pytest.mark.parametrize(("role", "done"), [("check", False), ("verify", True)])
def test_one_bad_script_of_several_decides(tmp_path: Path, role: str, done: bool) -> None:
    """The first check or verify script that fails is told, and none after it is run."""
    scripts = "".join(f"```bash {{.{role} for=one}}\necho {n} >> asked; {how}\n```\n" for n, how in BAD_AMONG_GOOD)
    ran = run_text(f"```bash {{#one}}\ntouch done\n```\n{scripts}", directory=tmp_path)
    assert ran.code is ExitCode.FAILED
    assert (tmp_path / "done").exists() is done
    assert (tmp_path / "asked").read_text().split() == ["1", "2"]


def test_wait_repeats_until_it_succeeds_or_is_over(tmp_path: Path) -> None:
    """`wait=` looks again `every=` so often; when it is over the step has failed."""
    text = "```bash {#one wait=20s every=1s}\necho x >> log\n[ $(wc -l < log) = 3 ]\n```\n"
    assert run_text(text, directory=tmp_path).end("one").attempt == 3
    text = "```bash {#one wait=1s every=1s}\nfalse\n```\n"
    assert run_text(text, directory=tmp_path).code is ExitCode.FAILED


def test_skip_is_recorded_as_a_deviation_with_its_reason(tmp_path: Path) -> None:
    """A skipped step stays visible, and does not run."""
    operator = Asked(Answer("skip", "not today"), Answer("run"))
    text = f"```bash {{#one}}\ntouch {tmp_path}/ran\n```\n```bash {{#two}}\ntrue\n```\n"
    ran = run_text(text, operator=operator, directory=tmp_path)
    assert not (tmp_path / "ran").exists()
    assert [e.reason for e in ran.events if isinstance(e, (Skip, Deviation))] == ["not today"] * 2
    assert [(e.done, e.skipped) for e in ran.events if isinstance(e, Close)] == [(1, 1)]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer("skip", "no"), ExitCode.FAILED),
        (Answer("done", "by hand"), ExitCode.DONE),
        (Answer("accept", "known"), ExitCode.DONE),
        (Answer("quit"), ExitCode.INCOMPLETE),
        (Answer("abort"), ExitCode.FAILED),
    ],
)
def test_a_failure_is_made_good_only_by_doing_or_accepting_it(tmp_path: Path, answer: Answer, code: ExitCode) -> None:
    """A step that failed and was skipped leaves a run that ends with 1, also in a later session."""
    text = "```bash {#one .optional}\nfalse\n```\n```bash {#two}\ntrue\n```\n"
    ran = run_text(text, operator=Asked(Answer("run"), answer, Answer("run")), directory=tmp_path)
    assert ran.code is code
    if answer.choice == "skip":
        assert run_text(text, past=ran.events[1:-2], directory=tmp_path).code is code


def test_manual_items_are_asked_for(tmp_path: Path) -> None:
    """A task-list item is done when a person says so, with what they noted."""
    operator = Asked(Answer("done", "told them on IRC"))
    ran = run_text("- [ ] Ask the release team to stop uploads {#freeze}\n", operator=operator, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert operator.questions[0].choices[:2] == ("done", "skip")
    assert ran.skips() == {"freeze": "done"}
    assert [e.text for e in ran.events if isinstance(e, Confirm)] == ["told them on IRC"]


def test_a_point_of_no_return_needs_its_id_typed(tmp_path: Path) -> None:
    """A wrong text runs nothing and asks again."""
    operator = Asked(Answer("run", "yes"), Answer("run", "go-public"))
    ran = run_text("```bash {#go-public .irreversible}\ntrue\n```\n", operator=operator, directory=tmp_path)
    assert len(operator.questions) == 2
    assert ran.code is ExitCode.DONE
    assert [e.text for e in ran.events if isinstance(e, Confirm)] == ["go-public"]


def test_yes_does_not_cover_a_point_of_no_return(tmp_path: Path) -> None:
    """`--yes` stops before it, unless it was named."""
    text = f"```bash {{#go .irreversible}}\ntouch {tmp_path}/gone\n```\n"
    with pytest.raises(IncompleteError, match="point of no return"):
        run_text(text, directory=tmp_path)
    assert not (tmp_path / "gone").exists()
    ran = run_text(text, operator=YesOperator(frozenset({"go"})), directory=tmp_path)
    assert ran.code is ExitCode.DONE


def test_when_decides_whether_a_step_applies(tmp_path: Path) -> None:
    """A step whose condition does not hold is recorded as not applicable."""
    text = (
        "---\nrecipe: 1\nparams:\n  channel: {type: choice, choices: [alpha, beta]}\n---\n"
        '```bash {#a when="channel == alpha"}\ntrue\n```\n```bash {#b when="channel == beta"}\ntrue\n```\n'
    )
    ran = run_text(text, params={"channel": "beta"}, directory=tmp_path)
    assert ran.skips() == {"a": "not-applicable"}
    assert ran.end("b").outcome == "ok"


def test_check_guards_and_verify_proves(tmp_path: Path) -> None:
    """A failing check keeps the step from running; a failing verify means the step is not done."""
    check = f"```bash {{.check for=one}}\nfalse\n```\n```bash {{#one}}\ntouch {tmp_path}/ran\n```\n"
    ran = run_text(check, directory=tmp_path)
    assert ran.code is ExitCode.FAILED
    assert not (tmp_path / "ran").exists()
    verify = "```bash {#one}\ntrue\n```\n```bash {.verify for=one}\nfalse\n```\n"
    assert run_text(verify, directory=tmp_path).code is ExitCode.FAILED


def test_each_runs_once_for_every_value(tmp_path: Path) -> None:
    """The value is bound to `each`, and every sub-run has its own record."""
    text = (
        "---\nrecipe: 1\nparams:\n  regions: {type: list, of: str, default: [us, eu]}\n---\n"
        '```bash {#go each=regions}\necho "in $each"\n```\n'
    )
    ran = run_text(text, directory=tmp_path)
    assert ran.text("go") == "in us\nin eu\n"
    assert [e.item for e in ran.events if isinstance(e, StepEnd)] == ["us", "eu"]


def test_a_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    """A step that takes too long is stopped with everything it started."""
    text = "```bash {#slow timeout=1s}\nsleep 77 &\necho $! > child\nsleep 78\n```\n"
    ran = run_text(text, directory=tmp_path)
    assert ran.end("slow").outcome == "timeout"
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while alive(child):
        assert time.monotonic() < deadline


def test_unmet_preconditions_are_all_reported_and_nothing_runs(tmp_path: Path) -> None:
    """Every unmet precondition is named in one error, exit code 3."""
    text = (
        "---\nrecipe: 1\nrequires:\n  - env: NO_SUCH_A\n  - command: no-such-b\n  - command: bash\n---\n"
        f"```bash {{#one}}\ntouch {tmp_path}/ran\n```\n"
    )
    with pytest.raises(UnmetError) as error:
        run_text(text, directory=tmp_path)
    assert len(error.value.diagnostics) == 2
    assert not (tmp_path / "ran").exists()


def test_an_overridden_precondition_is_a_deviation(tmp_path: Path) -> None:
    """An override needs a reason, which is recorded."""
    text = "---\nrecipe: 1\nrequires:\n  - env: NO_SUCH_A\n---\n```bash {#one}\ntrue\n```\n"
    operator = Asked(Answer("override", "known"), Answer("run"))
    ran = run_text(text, operator=operator, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert [e.reason for e in ran.events if isinstance(e, Deviation)] == ["known"]


TWO = "```bash {#one}\nA=kept\necho one >> log\n```\n```bash {#two}\necho two >> log\n```\n"


def test_resume_does_not_repeat_what_is_done(tmp_path: Path) -> None:
    """A finished step stays finished; the run goes on behind it."""
    first = run_text(TWO, operator=Asked(Answer("run"), Answer("quit")), directory=tmp_path)
    assert first.code is ExitCode.INCOMPLETE
    second = run_text(TWO, past=first.events[1:], directory=tmp_path)
    assert second.code is ExitCode.DONE
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_a_step_in_unknown_state_needs_a_decision_on_record(tmp_path: Path) -> None:
    """A start without an end is never passed over: `--yes` runs it again and says so, a person may know better."""
    past = [StepStart(step="one", digest="")]
    ran = run_text(TWO, past=past, directory=tmp_path)
    assert [(e.choice, e.by) for e in ran.events if isinstance(e, Confirm)] == [("run", "--yes")]
    (tmp_path / "log").unlink()
    gone = "```bash {#go .irreversible}\ntouch gone\n```\n"
    with pytest.raises(IncompleteError, match="point of no return"):
        run_text(gone, past=[StepStart(step="go", digest="")], directory=tmp_path)
    assert not (tmp_path / "gone").exists()
    ran = run_text(TWO, past=past, operator=Asked(Answer("done", "looked"), Answer("run")), directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert (tmp_path / "log").read_text() == "two\n"


def test_verify_settles_an_unknown_step(tmp_path: Path) -> None:
    """Where the verify script succeeds the step counts as already done and is not run again."""
    text = f"```bash {{#one}}\ntouch {tmp_path}/ran\n```\n```bash {{.verify for=one}}\ntrue\n```\n"
    ran = run_text(text, past=[StepStart(step="one", digest="")], directory=tmp_path)
    assert ran.skips() == {"one": "already-done"}
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("proven", "runs"), [(True, []), (False, ["verify", "run", "verify"])])
def test_a_step_that_ended_well_but_was_not_verified_is_asked_about(
    tmp_path: Path, proven: bool, runs: list[str]
) -> None:
    """After a crash between a step and its verification the step is not taken for done: it is verified first."""
    text = f"```bash {{#one}}\ntouch {tmp_path}/ran\n```\n```bash {{.verify for=one}}\ntest -e {tmp_path}/ran\n```\n"
    whole = run_text(text, directory=tmp_path).events
    (tmp_path / "ran").unlink()
    ended = [index for index, event in enumerate(whole) if isinstance(event, StepEnd)][int(proven)]
    resumed = run_text(text, directory=tmp_path, past=whole[1 : ended + 1])
    assert [event.role for event in resumed.events[ended + 1 :] if isinstance(event, StepStart)] == runs
    assert resumed.code is ExitCode.DONE


def test_a_finished_step_whose_text_changed_needs_a_decision(tmp_path: Path) -> None:
    """The new text is not silently taken as done, and keeping it is a deviation."""
    first = run_text(TWO, directory=tmp_path)
    past = [e for e in first.events[1:] if not isinstance(e, Close)]
    changed = TWO.replace("echo one", "echo 1")
    operator = Asked(Answer("done", "cosmetic"))
    ran = run_text(changed, past=past, operator=operator, directory=tmp_path)
    assert operator.questions[0].moment == "changed"
    assert ran.code is ExitCode.DONE
    assert any(isinstance(e, Deviation) for e in ran.events)


def test_abort_closes_the_run_for_good(tmp_path: Path) -> None:
    """Giving up is final and says so."""
    ran = run_text(TWO, operator=Asked(Answer("abort")), directory=tmp_path)
    assert ran.code is ExitCode.FAILED
    assert [(e.final) for e in ran.events if isinstance(e, Abort)] == [True]
    assert [e.outcome for e in ran.events if isinstance(e, Close)] == ["abandoned"]


def test_secrets_are_removed_from_output_and_outputs(tmp_path: Path) -> None:
    """A secret reaches the child and nobody else."""
    text = (
        "---\nrecipe: 1\nparams:\n  token: {type: secret, env: TOKEN}\n---\n"
        '```bash {#one}\necho "t=$token"; echo "o=$token" >> "$RECIPE_OUTPUT"; [ "$token" = hunter22 ]\n```\n'
    )
    ran = run_text(text, environ={"TOKEN": "hunter22"}, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert "hunter22" not in repr(ran.events)
    assert ran.end("one").outputs == {"o": "[secret]"}
    assert ran.text("one", "stderr").startswith("note: a secret is left out")


@pytest.mark.parametrize("secret", ["hunter22", "aHVudGVyMjI="])
def test_a_secret_is_no_outputs_name(tmp_path: Path, secret: str) -> None:
    """Written where a name is wanted, also one that ends as base64 does, it is not recorded."""
    text = (
        "---\nrecipe: 1\nparams:\n  token: {type: secret, env: TOKEN}\n---\n"
        '```bash {#one}\necho "$token=" >> "$RECIPE_OUTPUT"; echo "$token" >> "$RECIPE_OUTPUT"\n```\n'
    )
    ran = run_text(text, environ={"TOKEN": secret}, directory=tmp_path)
    assert ran.code is ExitCode.FAILED
    assert secret.rstrip("=") not in repr(ran.events)


def test_parallel_sub_runs_really_run_side_by_side(tmp_path: Path) -> None:
    """With `parallel=2` two sub-runs that wait for each other both come to their end."""
    text = (
        "---\nrecipe: 1\nparams:\n  who: {type: list, of: str, default: [a, b]}\n---\n"
        "```bash {#meet each=who parallel=2 timeout=20s}\n"
        'touch "$each"\nuntil [ -e a ] && [ -e b ]; do sleep 0.01; done\necho "$each met"\n```\n'
    )
    ran = run_text(text, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    ends = [e for e in ran.events if isinstance(e, StepEnd)]
    assert sorted((e.item, e.outcome) for e in ends) == [("a", "ok"), ("b", "ok")]


def test_after_a_failed_sub_run_only_what_is_left_is_tried_again(tmp_path: Path) -> None:
    """A failure starts no further sub-run; a retry leaves out those that are done."""
    text = (
        "---\nrecipe: 1\nparams:\n  who: {type: list, of: str, default: [a, b, c]}\n---\n"
        '```bash {#go each=who}\necho "$each" >> log\n[ "$each" != b ] || mkdir second || exit 0\n'
        '[ "$each" != b ] || exit 1\n```\n'
    )
    operator = Asked(Answer("run"), Answer("retry"))
    ran = run_text(text, operator=operator, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert operator.questions[1].text == "`go`: b ended with exit code 1; c was not started."
    assert (tmp_path / "log").read_text().split() == ["a", "b", "b", "c"]


def test_an_edited_block_runs_as_edited_and_is_a_deviation(tmp_path: Path) -> None:
    """What ran is what the operator wrote, and the difference is kept."""
    operator = Asked(Answer("edit", "echo edited\n"), Answer("run"))
    ran = run_text("```bash {#one}\necho original\n```\n", operator=operator, directory=tmp_path)
    assert ran.text("one") == "edited\n"
    (deviation,) = [e for e in ran.events if isinstance(e, Deviation)]
    assert "-echo original\n+echo edited" in deviation.what


def test_a_failed_block_can_be_mended_and_is_asked_for_again(tmp_path: Path) -> None:
    """After a failure the code can be edited; a point of no return is typed again, since other code would run."""
    operator = Asked(Answer("run", "one"), Answer("edit", "echo mended\n"), Answer("run"), Answer("run", "one"))
    ran = run_text("```bash {#one .irreversible}\nfalse\n```\n", operator=operator, directory=tmp_path)
    assert (ran.code, ran.text("one")) == (ExitCode.DONE, "mended\n")
    assert [question.code.strip() for question in operator.questions] == [
        "false",
        "false",
        "echo mended",
        "echo mended",
    ]
    assert [question.typed for question in operator.questions] == ["one", None, "one", "one"]


def test_going_back_runs_an_earlier_step_again(tmp_path: Path) -> None:
    """The earlier step is asked for and run once more, then the run goes on where it was."""
    text = "".join(f"```bash {{#{name}}}\necho {name} >> log\n```\n" for name in ("one", "two", "three"))
    operator = Asked(*(Answer("run"),) * 2, Answer("back", "one"), *(Answer("run"),) * 2)
    ran = run_text(text, operator=operator, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert (tmp_path / "log").read_text().split() == ["one", "two", "one", "three"]
    assert operator.questions[2].earlier() == ["one", "two"]


UNDO = "".join(
    f"```bash {{#{name}}}\necho {name} >> log\n```\n```bash {{.undo for={name}}}\necho undo {name} >> log\n```\n"
    for name in ("one", "two", "three")
)


def test_roll_back_undoes_what_was_done_newest_first(tmp_path: Path) -> None:
    """Only completed steps are undone, each confirmed and recorded, and the run is over."""
    operator = Asked(Answer("run"), Answer("run"), Answer("quit"))
    first = run_text(UNDO, operator=operator, directory=tmp_path)
    operator = Asked(Answer("run"), Answer("run"))
    ran = run_text(UNDO, past=first.events[1:], operator=operator, directory=tmp_path, roll_back=True)
    assert ran.code is ExitCode.DONE
    assert (tmp_path / "log").read_text().split("\n")[:-1] == ["one", "two", "undo two", "undo one"]
    assert [e.outcome for e in ran.events if isinstance(e, Close)] == ["abandoned"]


def test_a_failure_can_be_answered_by_rolling_back(tmp_path: Path) -> None:
    """`undo` at a failed step takes back what was done before it; the run has failed all the same."""
    text = UNDO.replace("echo three >> log", "false")
    operator = Asked(*(Answer("run"),) * 3, Answer("undo"), Answer("run"), Answer("skip"))
    ran = run_text(text, operator=operator, directory=tmp_path)
    assert ran.code is ExitCode.FAILED
    assert (tmp_path / "log").read_text().split("\n")[:-1] == ["one", "two", "undo two"]


def test_what_was_done_can_be_rolled_back_before_any_step(tmp_path: Path) -> None:
    """At each step with something behind it that can be undone, `undo` is a choice, and its reason is recorded."""
    operator = Asked(Answer("run"), Answer("undo", "the wrong serial"), Answer("run"))
    ran = run_text(UNDO, operator=operator, directory=tmp_path)
    assert ["undo" in question.choices for question in operator.questions[:2]] == [False, True]
    assert (tmp_path / "log").read_text().split("\n")[:-1] == ["one", "undo one"]
    assert (ran.code, [e.outcome for e in ran.events if isinstance(e, Close)]) == (ExitCode.FAILED, ["abandoned"])
    assert [e.reason for e in ran.events if isinstance(e, Deviation)] == ["the wrong serial"]


@pytest.mark.parametrize(
    ("course", "ran", "closed"),
    [
        (Course(begin="two"), ["two", "three"], True),
        (Course(until="two"), ["one", "two"], False),
        (Course(only=frozenset({"two"})), ["two"], False),
        (Course(begin="two", until="three"), ["two", "three"], True),
    ],
)
def test_a_course_runs_its_part_and_says_what_it_left(
    tmp_path: Path, course: Course, ran: list[str], *, closed: bool
) -> None:
    """`--from` skips on record; `--until` and `--only` leave the rest to another session."""
    done = run_text(UNDO, course=course, directory=tmp_path)
    assert done.code is ExitCode.DONE
    assert (tmp_path / "log").read_text().split() == ran
    assert any(isinstance(e, Close) for e in done.events) is closed
    left = [e for e in done.events if isinstance(e, Deviation)]
    assert len(left) == (1 if course.begin else 0)


def test_a_course_names_steps_that_exist() -> None:
    """A misspelt step and an end before the beginning are refused, with the nearest name."""
    with pytest.raises(UsageError) as error:
        check_course(Course(begin="tow", only=frozenset({"x"})), ["one", "two"])
    assert error.value.diagnostics[0].hint == "did you mean `two`?"
    with pytest.raises(UsageError, match="comes before"):
        check_course(Course(begin="two", until="one"), ["one", "two"])
    with pytest.raises(UsageError, match="step `one` is not between"):
        check_course(Course(begin="two", only=frozenset({"one", "two"})), ["one", "two"])


def test_a_step_that_needs_approval_does_not_run_without(tmp_path: Path) -> None:
    """`approve=` is never passed over."""
    text = f"```bash {{#go approve=1 by=security}}\ntouch {tmp_path}/gone\n```\n"
    with pytest.raises(IncompleteError, match="must be approved by 1 person of role `security`"):
        run_text(text, directory=tmp_path)
    assert not (tmp_path / "gone").exists()


def test_answers_come_from_a_file_in_order(tmp_path: Path) -> None:
    """Each answer for a step is used once; `*` covers the others but not a point of no return."""
    operator = AnswersOperator.from_data({"one": ["run", "retry"], "*": "run"}, "answers.yaml", ["one"])
    text = "```bash {#one}\nmkdir made || exit 0\nexit 1\n```\n```bash {#two}\ntrue\n```\n"
    assert run_text(text, operator=operator, directory=tmp_path).code is ExitCode.DONE
    operator = AnswersOperator.from_data({"*": "run"}, "answers.yaml", ["one"])
    with pytest.raises(IncompleteError, match="has no answer for `go`"):
        run_text("```bash {#go .irreversible}\ntrue\n```\n", operator=operator, directory=tmp_path)


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ({"twoo": "run"}, "answers for `twoo`, which is no step"),
        ({"*": ["run", {"skip": "x"}]}, r"2 answers for `\*`, of which only one can count"),
        ({"one": "skip"}, "`skip` for `one` needs a reason"),
        ({"one": [{"accept": " "}]}, "`accept` for `one` needs a reason"),
        ({"preconditions": "override"}, "`override` for `preconditions` needs a reason"),
        ({"one": "edit"}, "`edit` for `one` needs the code"),
    ],
)
def test_answers_that_cannot_be_meant_are_refused(answers: dict[str, object], fault: str) -> None:
    """A key that is no step, and a choice without the reason or text that it needs, are faults before anything runs."""
    with pytest.raises(UsageError, match=fault):
        AnswersOperator.from_data(answers, "answers.yaml", ["one", "two"])


def test_an_answer_goes_back_only_to_an_earlier_step(tmp_path: Path) -> None:
    """A step that is not there, or comes later, cannot be gone back to: the run stops and says to which it can."""
    text = "```bash {#one}\ntrue\n```\n```bash {#two}\ntrue\n```\n"
    operator = AnswersOperator.from_data({"one": "run", "two": {"back": "two"}}, "answers.yaml", ["one", "two"])
    with pytest.raises(IncompleteError, match="goes back from `two` to `two`"):
        run_text(text, operator=operator, directory=tmp_path)


def test_going_back_counts_for_more_than_only(tmp_path: Path) -> None:
    """An earlier step that the operator goes back to is run again, though `--only` leaves it out."""
    text = "```bash {#one}\ntouch one\n```\n```bash {#two}\ntrue\n```\n"
    operator = Asked(Answer("back", "one"), Answer("run"), Answer("run"))
    run_text(text, operator=operator, directory=tmp_path, course=Course(only=frozenset({"two"})))
    assert (tmp_path / "one").exists()


def test_the_code_of_a_script_precondition_is_never_pasted_together(tmp_path: Path) -> None:
    """A parameter's text cannot become code of a `script` precondition; it is a variable there."""
    text = (
        "---\nrecipe: 1\nparams:\n  name: {type: str}\nrequires:\n"
        '  - script: \'[ "${name}" = "$(printf %s "$name")" ] && [ -n "$name" ]\'\n---\n'
        '```bash {#one}\n: "$name"\n```\n'
    )
    evil = f'"; touch {tmp_path}/pwned; "'
    assert run_text(text, params={"name": evil}, directory=tmp_path).code is ExitCode.DONE
    assert not (tmp_path / "pwned").exists()


def test_a_complaint_about_outputs_shows_no_secret(tmp_path: Path) -> None:
    """What the engine itself says about a step's outputs passes the redaction too."""
    text = (
        "---\nrecipe: 1\nparams:\n  token: {type: secret, env: TOKEN}\n---\n"
        '```bash {#one}\necho "$token" >> "$RECIPE_OUTPUT"\n```\n'
    )
    ran = run_text(text, environ={"TOKEN": "hunter22"}, directory=tmp_path)
    assert "line 1 of `$RECIPE_OUTPUT`" in ran.text("one", "stderr")
    assert "hunter22" not in repr(ran.events)


def test_a_step_directory_may_name_a_parameter(tmp_path: Path) -> None:
    """`dir=` expands parameters."""
    text = "---\nrecipe: 1\nparams:\n  where: {type: path}\n---\n```bash {#one dir=${where}}\npwd\n```\n"
    assert run_text(text, params={"where": "/usr"}, directory=tmp_path).text("one") == "/usr\n"


def test_an_output_line_that_is_no_text_is_a_failure_in_words(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 where `name=value` belongs fail the step, and are shown as they are."""
    ran = run_text("```bash {#one}\nprintf 'x\\xff\\n' >\"$RECIPE_OUTPUT\"\n```\n", directory=tmp_path)
    assert ran.code is ExitCode.FAILED
    said = [e.data for e in ran.events if isinstance(e, Output) and e.stream == "stderr"]
    assert b"no UTF-8 text" in b"".join(said)
    assert any(isinstance(e, Abort) and "cannot be read" in e.reason for e in ran.events)


GIVEN = '```bash {#one}\necho place=/tmp >"$RECIPE_OUTPUT"\n```\n```bash {#two dir="${one.place}"}\npwd\n```\n'


def test_a_directory_may_be_an_output(tmp_path: Path) -> None:
    """`dir=` takes what an earlier step gave; where that was skipped the step fails and says what it needs."""
    assert run_text(GIVEN, directory=tmp_path).text("two") == "/tmp\n"
    operator = Asked(Answer("skip", "no"), Answer("run"), Answer("quit"))
    ran = run_text(GIVEN, operator=operator, directory=tmp_path)
    assert ran.text("two", "stderr") == "error: step `two` needs `one.place`, which no earlier step has given\n"
    assert operator.questions[2].text == "`two` could not begin."


def test_a_question_may_name_an_output(tmp_path: Path) -> None:
    """`confirm=` shows what an earlier step gave, or the reference itself where nothing was given."""
    text = GIVEN.replace('dir="${one.place}"', 'confirm="In ${one.place}?"')
    for first, asked in ((Answer("run"), "In /tmp?"), (Answer("skip", "no"), "In ${one.place}?")):
        operator = Asked(first, Answer("run"))
        assert run_text(text, operator=operator, directory=tmp_path).code is ExitCode.DONE
        assert operator.questions[1].text == asked


@pytest.mark.parametrize("outcome", [[], [StepEnd(step="one", outcome="ok")]])
def test_a_block_that_became_a_manual_item_is_not_run(tmp_path: Path, outcome: list[Event]) -> None:
    """Whether its end was seen or not, a step that a person does now cannot be answered with `run`."""
    past: list[Event] = [StepStart(step="one", digest="other"), *outcome]
    operator = Asked(Answer("done"))
    assert run_text("- [ ] By hand {#one}\n", operator=operator, past=past, directory=tmp_path).code is ExitCode.DONE
    assert "run" not in operator.questions[0].choices


def test_a_changed_step_is_run_again_only_by_who_has_its_role(tmp_path: Path) -> None:
    """That a step was done once lets nobody else run it when its text has changed."""
    past: list[Event] = [StepStart(step="one", digest="0" * 64), StepEnd(step="one", outcome="ok", exit_code=0)]
    with pytest.raises(IncompleteError, match="for the role `rm`"):
        run_text("```bash {#one role=rm}\ntrue\n```\n", past=past, operator=Asked(Answer("run")), directory=tmp_path)


def test_a_changed_point_of_no_return_is_typed_again(tmp_path: Path) -> None:
    """Running it once more because its text has changed takes the same confirmation as the first time."""
    past: list[Event] = [StepStart(step="one", digest="other"), StepEnd(step="one", outcome="ok")]
    operator = Asked(Answer("run"), Answer("run", "one"))
    ran = run_text("```bash {#one .irreversible}\ntrue\n```\n", operator=operator, past=past, directory=tmp_path)
    assert ran.code is ExitCode.DONE
    assert [q.typed for q in operator.questions] == ["one", "one"]


@pytest.mark.parametrize(
    ("script", "answers"),
    [
        ("true\n```\n```bash {.check for=one}\nfalse", [Answer("run"), Answer("skip", "no")]),
        ("false", [Answer("run"), Answer("skip", "no"), Answer("back", "one"), Answer("skip", "still no")]),
    ],
)
def test_a_step_that_failed_and_was_skipped_is_remembered(tmp_path: Path, script: str, answers: list[Answer]) -> None:
    """Also where its check script was what failed, and where somebody comes back to it and skips it once more."""
    text = f"```bash {{#one}}\n{script}\n```\n```bash {{#two}}\ntrue\n```\n"
    assert run_text(text, operator=Asked(*answers, Answer("run")), directory=tmp_path).code is ExitCode.FAILED


@pytest.mark.parametrize("then", [Answer("skip"), Answer("quit")])
def test_an_undo_that_failed_is_not_forgotten_at_the_next_question(tmp_path: Path, then: Answer) -> None:
    """Whoever asks for one more try and then leaves the step as it is has a roll-back that failed."""
    text = "```bash {#one}\ntrue\n```\n```bash {.undo for=one}\nfalse\n```\n"
    past = run_text(text, directory=tmp_path).events[1:-1]
    operator = Asked(Answer("run"), Answer("retry"), then)
    assert run_text(text, past=past, operator=operator, directory=tmp_path, roll_back=True).code is ExitCode.FAILED


def test_an_undo_that_failed_fails_the_roll_back_whatever_succeeds_later(tmp_path: Path) -> None:
    """The next step's undo script may succeed at its second try: the one before has not been undone."""
    text = "```bash {#one}\ntrue\n```\n```bash {.undo for=one}\n[ -e tried ] || { touch tried; false; }\n```\n"
    text += "```bash {#two}\ntrue\n```\n```bash {.undo for=two}\nfalse\n```\n"
    past = run_text(text, directory=tmp_path).events[1:-1]
    operator = Asked(Answer("run"), Answer("skip"), Answer("run"), Answer("retry"), Answer("run"))
    assert run_text(text, past=past, operator=operator, directory=tmp_path, roll_back=True).code is ExitCode.FAILED
    assert not operator.answers


def test_a_done_step_that_left_the_recipe_is_named_in_a_roll_back(tmp_path: Path) -> None:
    """A failure still asks, and a roll-back undoes what it can and records what it cannot."""
    past: list[Event] = [StepStart(step="gone", digest="x"), StepEnd(step="gone", outcome="ok")]
    text = "```bash {#one}\ntrue\n```\n```bash {.undo for=one}\necho undone\n```\n```bash {#two}\nfalse\n```\n"
    operator = Asked(Answer("run"), Answer("run"), Answer("undo"), Answer("run"))
    ran = run_text(text, operator=operator, past=past, directory=tmp_path)
    assert "undone" in ran.text("one")
    deviations = [e for e in ran.events if isinstance(e, Deviation)]
    assert [(e.kind, e.step) for e in deviations] == [("rolled-back", None), ("left-out", "gone")]


@pytest.mark.parametrize(("items", "when", "reason"), [([], "", "`l` is empty"), (["x", "y"], " when=!l", "when !l")])
def test_a_step_that_runs_for_nothing_is_recorded_once(
    tmp_path: Path, items: list[str], when: str, reason: str
) -> None:
    """An empty list, like a condition that does not hold, is on record, and a later session does not repeat it."""
    text = "---\nrecipe: 1\nparams:\n  l: {type: list, of: str, required: false}\n---\n"
    text += f"```bash {{#one each=l{when}}}\ntrue\n```\n"
    ran = run_text(text, params={"l": items}, directory=tmp_path)
    skips = [e for e in ran.events if isinstance(e, Skip)]
    assert [(e.kind, e.reason) for e in skips] == [("not-applicable", reason)]
    again = run_text(text, params={"l": items}, past=skips, directory=tmp_path)
    assert [e for e in again.events if isinstance(e, Skip)] == skips
