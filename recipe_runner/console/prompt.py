"""The operator at the console: shows a step, asks, and takes no answer for granted."""

from __future__ import annotations

from rich.text import Text

from recipe_runner.console.terminal import Terminal
from recipe_runner.console.view import RunView
from recipe_runner.engine.operator import Answer, Choice, Question
from recipe_runner.language.parameters import Parameter
from recipe_runner.sanitise import line

KEYS: dict[str, Choice] = {
    "r": "run",
    "s": "skip",
    "d": "done",
    "t": "retry",
    "c": "accept",
    "h": "shell",
    "q": "quit",
    "a": "abort",
    "o": "override",
}
LABELS: dict[Choice, str] = {
    "run": "[r]un",
    "skip": "[s]kip",
    "done": "[d]one",
    "retry": "re[t]ry",
    "accept": "ac[c]ept",
    "shell": "s[h]ell",
    "quit": "[q]uit",
    "abort": "[a]bort",
    "override": "[o]verride",
}
MEANINGS: dict[Choice, str] = {
    "run": "run this step",
    "skip": "leave this step out; asks for a reason and counts as a deviation",
    "done": "this step has been done; asks for a note",
    "retry": "run this step again",
    "accept": "go on although this step failed; asks for a reason",
    "shell": "a recorded shell in which everything is as this step would find it",
    "quit": "leave; the run can be resumed",
    "abort": "give this run up for good",
    "override": "go on although it is not met; asks for a reason and counts as a deviation",
}
REASONED: frozenset[Choice] = frozenset({"skip", "accept", "override"})


class ConsoleOperator:
    """A person at a terminal."""

    def __init__(self, view: RunView) -> None:
        self._view = view
        self._terminal = view.terminal

    def ask(self, question: Question) -> Answer:
        """Ask until there is a usable answer; raises KeyboardInterrupt when the operator presses Ctrl-C."""
        if question.step:
            self._view.step(question.step)
        self._terminal.out.print()
        item = f" [{line(question.detail)}]" if question.detail and question.step else ""
        self._terminal.out.print(Text(f"  {line(question.text)}{item}", style="bold"))
        keys = {key: choice for key, choice in KEYS.items() if choice in question.choices}
        while True:
            self._terminal.out.print(self._menu(question))
            typed = self._read("  › ").strip()
            if typed == "?":
                self._explain(question)
                continue
            choice = keys.get(typed.lower()) or next((c for c in question.choices if c == typed.lower()), None)
            if typed == "" and _by_enter(question):
                choice = "run"
            if choice is None:
                self._terminal.say(f"  `{typed}` is not one of the choices.", "warn")
                continue
            answer = self._completed(question, choice)
            if answer is not None:
                return answer

    def _completed(self, question: Question, choice: Choice) -> Answer | None:
        if choice == "run" and question.typed is not None:
            self._terminal.say("  This is a point of no return.", "bad")
            text = self._read(f"  Type {line(question.typed)} to go on: ").strip()
            if text != question.typed:
                self._terminal.say("  That is not it; nothing has been run.", "warn")
                return None
            return Answer(choice, text)
        if choice in REASONED:
            text = self._read("  Reason: ").strip()
            if not text:
                self._terminal.say("  A reason is needed; it goes into the journal.", "warn")
                return None
            return Answer(choice, text)
        if choice == "done":
            return Answer(choice, self._read("  Note (may be empty): ").strip())
        return Answer(choice)

    def _menu(self, question: Question) -> Text:
        text = Text("  ")
        for choice in (c for c in KEYS.values() if c in question.choices):
            before, _, rest = LABELS[choice].partition("[")
            key, _, after = rest.partition("]")
            text.append(before).append(f"[{key}]", "bold cyan").append(f"{after}  ")
        return text.append("[?]", "bold cyan").append(" Enter runs it" if _by_enter(question) else "")

    def _explain(self, question: Question) -> None:
        rows: list[list[str | tuple[str, str]]] = [
            [(LABELS[c], "code"), MEANINGS[c]] for c in KEYS.values() if c in question.choices
        ]
        self._terminal.table(("", ""), rows)

    def _read(self, prompt: str) -> str:
        return read_line(self._terminal, prompt)


def _by_enter(question: Question) -> bool:
    """Say whether an empty line may run the step: never at a point of no return, nor where a person does the work."""
    return question.moment == "start" and question.typed is None


def read_line(terminal: Terminal, prompt: str) -> str:
    """Read a line with editing; the end of input (Ctrl-D) counts as an interrupt, since nobody is there any more."""
    import readline  # noqa: F401, PLC0415 - gives `input` its editing

    terminal.out.file.flush()
    try:
        return input(prompt)
    except EOFError:
        raise KeyboardInterrupt from None


def ask_parameter(terminal: Terminal, parameter: Parameter, complaint: str | None) -> str:
    """Ask for a parameter's value; a secret is not echoed."""
    if complaint:
        terminal.say(f"  {complaint}", "warn")
    label = parameter.prompt or parameter.help or parameter.name
    choices = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
    prompt = f"{line(label)}{line(choices)} [{parameter.name}]: "
    if parameter.type != "secret":
        return read_line(terminal, prompt).strip()
    import getpass  # noqa: PLC0415 - for secrets only

    try:
        return getpass.getpass(prompt)
    except EOFError:
        raise KeyboardInterrupt from None
