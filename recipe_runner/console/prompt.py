"""The operator at the console: shows a step, asks, and takes no answer for granted."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.padding import Padding
from rich.text import Text

from recipe_runner.console.reading import read_confirmation, read_line, read_secret
from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView
from recipe_runner.engine.operator import Answer, Choice, Question
from recipe_runner.language.parameters import Parameter
from recipe_runner.sanitise import line

KEYS: dict[str, Choice] = {
    "r": "run",
    "t": "retry",
    "s": "skip",
    "d": "done",
    "c": "accept",
    "e": "edit",
    "h": "shell",
    "b": "back",
    "u": "undo",
    "q": "quit",
    "a": "abort",
    "o": "override",
    "w": "wait",
    "i": "import",
    "k": "request",
    "p": "stop",
}
LABELS: dict[Choice, str] = {
    "run": "[r]un",
    "retry": "re[t]ry",
    "skip": "[s]kip",
    "done": "[d]one",
    "accept": "ac[c]ept",
    "edit": "[e]dit",
    "shell": "s[h]ell",
    "back": "[b]ack",
    "undo": "[u]ndo",
    "quit": "[q]uit",
    "abort": "[a]bort",
    "override": "[o]verride",
    "wait": "[w]ait",
    "import": "[i]mport",
    "request": "as[k] again",
    "stop": "sto[p] it",
}
MEANINGS: dict[Choice, str] = {
    "run": "run this step",
    "retry": "run this step again",
    "skip": "leave this step out; asks for a reason and counts as a deviation",
    "done": "this step has been done; asks for a note",
    "accept": "go on although this step failed; asks for a reason",
    "edit": "change the code in your editor first; the difference is recorded",
    "shell": "a recorded shell in which everything is as this step would find it",
    "back": "run an earlier step again, then come back",
    "undo": "roll back: undo what was done, newest first, and end the run; asks for a reason",
    "quit": "leave; the run can be resumed",
    "abort": "give this run up for good",
    "override": "go on although it is not met; asks for a reason and counts as a deviation",
    "wait": "wait until an approval comes in, or what is still at work ends; Ctrl-C ends the wait",
    "import": "read an approval from a file; asks for its name",
    "request": "ask the same people again, in a new request",
    "stop": "stop what is still at work: interrupt, terminate, kill; whether the step did its work is asked then",
}
REASONED: frozenset[Choice] = frozenset({"skip", "accept", "override", "undo"})
EXTRA = {
    "v": "show the variables that this step would find",
    "n": "run this and the next steps without asking; `n 3` three of them, `n ID` up to that step",
}


class ConsoleOperator:
    """A person at a terminal."""

    present: ClassVar[bool] = True

    def __init__(self, view: RunView) -> None:
        self._view = view
        self._terminal = view.terminal
        self._unasked = 0
        self._until: str | None = None

    def decided(self, question: Question) -> Answer | None:
        """Say run where the operator has said already that the next steps are to be run."""
        return Answer("run") if self._goes_on(question) else None

    def ask(self, question: Question) -> Answer:
        """Ask until there is a usable answer; raises KeyboardInterrupt when the operator presses Ctrl-C."""
        if question.step:
            self._view.step(question.step)
        self._view.calls(question.text)
        self._terminal.out.print()
        item = f" [{line(question.detail)}]" if question.step and question.detail else ""
        self._terminal.out.print(Padding(Text(f"{line(question.text)}{item}", "bold"), (0, 0, 0, 2)), soft_wrap=False)
        for note in question.notes:
            self._terminal.out.print(Padding(Text(line(note)), (0, 0, 0, 2)), soft_wrap=False)
        while True:
            self._terminal.out.print(Padding(self._menu(question), (0, 0, 0, 2)), soft_wrap=False)
            typed = self._read("  › ").strip()
            answer = self._understood(question, typed)
            if answer is not None:
                return answer

    def _goes_on(self, question: Question) -> bool:
        """Say whether the operator has said already that this step is to be run."""
        if not _by_enter(question):
            self._unasked, self._until = 0, None
            return False
        if self._until is not None:
            if question.step == self._until:
                self._until = None
            return True
        self._unasked = max(0, self._unasked - 1)
        return self._unasked > 0

    def _understood(self, question: Question, typed: str) -> Answer | None:
        word, _, rest = typed.lower().partition(" ")
        choice = KEYS.get(word) or next((c for c in question.choices if c == word), None)
        if typed == "" and _by_enter(question):
            return Answer("run")
        if word == "?":
            self._explain(question)
        elif word in {"v", "variables"} and question.step:
            self._show_variables(question)
        elif word in {"n", "next"} and _by_enter(question):
            return self._next(question, rest.strip())
        elif choice is not None and choice in question.choices:
            return self._completed(question, choice)
        elif not typed:
            self._terminal.say("  Enter alone does nothing here; ? explains the choices.", "warn")
        else:
            self._terminal.say(f"  `{typed}` is not one of the choices; ? explains them.", "warn")
        return None

    def _next(self, question: Question, how_far: str) -> Answer | None:
        if how_far.isdecimal() or not how_far:
            self._unasked = int(how_far or "1")
            return Answer("run")
        if how_far not in self._view.cards.later(question.step):
            self._terminal.say(f"  `{how_far}` is no later step.", "warn")
            return None
        self._until = how_far
        return Answer("run")

    def _completed(self, question: Question, choice: Choice) -> Answer | None:
        match choice:
            case "run" if question.typed is not None:
                return self._typed(question.typed)
            case "edit":
                return self._edited(question)
            case "back":
                return self._back(question)
            case "import":
                file = self._read("  File: ").strip()
                return Answer(choice, file) if file else None
            case "done":
                return Answer(choice, self._read("  Note (may be empty): ").strip())
            case _:
                return self._reasoned(choice) if choice in REASONED else Answer(choice)

    def _typed(self, wanted: str) -> Answer | None:
        self._terminal.say("  This is a point of no return.", "bad")
        text = self._read(f"  Type {line(wanted)} to go on: ", read_confirmation).strip()
        if text == wanted:
            return Answer("run", text)
        self._terminal.say("  That is not it; nothing has been run.", "warn")
        return None

    def _reasoned(self, choice: Choice) -> Answer | None:
        if text := self._read("  Reason: ").strip():
            return Answer(choice, text)
        self._terminal.say("  A reason is needed; it goes into the journal.", "warn")
        return None

    def _back(self, question: Question) -> Answer | None:
        earlier = question.earlier()
        self._terminal.say(f"  Earlier steps: {', '.join(earlier)}", "quiet")
        step = self._read("  Back to: ").strip()
        if step in earlier:
            return Answer("back", step)
        self._terminal.say(f"  `{step}` is no earlier step.", "warn")
        return None

    def _edited(self, question: Question) -> Answer | None:
        self._view.released()
        from recipe_runner.console.editor import edit  # noqa: PLC0415 - for this choice only

        try:
            after = edit(question.code)
        except ValueError as error:
            self._terminal.say(f"  Nothing was changed: {error}.", "warn")
            return None
        if after == question.code:
            self._terminal.say("  Nothing was changed.", "warn")
            return None
        self._view.cards.code(after)
        return Answer("edit", after)

    def _menu(self, question: Question) -> Text:
        text = Text()
        for choice in (c for c in KEYS.values() if c in question.choices):
            before, _, rest = LABELS[choice].partition("[")
            key, _, after = rest.partition("]")
            text.append(before).append(f"[{key}]", "bold cyan").append(f"{after} ")
        return text.append("[?]", "bold cyan").append(" Enter: run" if _by_enter(question) else "")

    def _explain(self, question: Question) -> None:
        rows: list[list[str | tuple[str, str]]] = [
            [(LABELS[c], "code"), MEANINGS[c]] for c in KEYS.values() if c in question.choices
        ]
        rows += [
            [(f"[{key}]", "code"), meaning]
            for key, meaning in EXTRA.items()
            if _by_enter(question) or (key == "v" and question.step)
        ]
        self._terminal.table(("", ""), rows)
        self._terminal.blank()

    def _show_variables(self, question: Question) -> None:
        rows: list[list[str | tuple[str, str]]] = [
            [(name, "code"), value] for name, value in sorted(question.variables().items())
        ]
        self._terminal.table(("variable", "value"), rows)
        self._terminal.blank()

    def _read(self, prompt: str, read: Callable[[Terminal, str, Callable[[], None]], str] = read_line) -> str:
        with self._view.asking():
            return read(self._terminal, prompt, self._view.refresh)


def _by_enter(question: Question) -> bool:
    """Say whether an empty line may run the step: never at a point of no return, nor where a person does the work."""
    return question.moment == "start" and question.typed is None


def ask_parameter(terminal: Terminal, parameter: Parameter, complaint: str | None) -> str:
    """Ask for a parameter's value; a secret is not echoed."""
    if complaint:
        terminal.say(f"  {complaint}", "warn")
    label = parameter.prompt or parameter.help or parameter.name
    choices = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
    prompt = f"{line(label)}{line(choices)} [{parameter.name}]: "
    if parameter.type != "secret":
        return read_line(terminal, prompt).strip()
    return read_secret(terminal, prompt)
