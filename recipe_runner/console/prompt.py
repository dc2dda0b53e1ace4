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
WORDS: dict[Choice, str] = {
    "run": "run it",
    "skip": "skip it, with a reason",
    "done": "it is done",
    "retry": "try again",
    "accept": "accept the failure, with a reason",
    "shell": "a shell here",
    "quit": "leave, to resume later",
    "abort": "give the run up for good",
    "override": "go on all the same, with a reason",
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
            self._terminal.out.print(self._menu(question, keys))
            typed = self._read("  › ").strip()
            choice = keys.get(typed.lower()) or next((c for c in question.choices if c == typed.lower()), None)
            if typed == "" and question.moment == "start" and question.typed is None:
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

    def _menu(self, question: Question, keys: dict[str, Choice]) -> Text:
        text = Text("  ")
        for key, choice in keys.items():
            default = choice == "run" and question.moment == "start" and question.typed is None
            text.append(f"{key}", "bold cyan")
            text.append(f" {WORDS[choice]}{' (Enter)' if default else ''}   ", "")
        return text

    def _read(self, prompt: str) -> str:
        return read_line(self._terminal, prompt)


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
