"""The border between the program and its caller: verbs found lazily, every fault shown once, one exit code."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, cast

import click

from recipe_runner import __version__
from recipe_runner.cli import SECTIONS, VERBS
from recipe_runner.cli.verbs import Verbs, misuse
from recipe_runner.errors import Diagnostic, ExitCode, RecipeError
from recipe_runner.plugs import ExtensionPoint

COMMANDS = ExtensionPoint("recipe_runner.commands", "verb")


class Program(Verbs):
    """Our verbs, then those that other distributions bring by entry point; ours win."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*VERBS, *_others()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in VERBS:
            module = importlib.import_module(VERBS[cmd_name][0])
            _collect_from_now_on()
            return cast("click.Command", module.command)
        found = cast("click.Command", COMMANDS.load(cmd_name)) if cmd_name in COMMANDS else None
        _collect_from_now_on()
        return found

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own
        """Run the verb; where the reader went away click would end the program by itself, with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            return _failed(error)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        others = _others()
        widest = max(map(len, [*VERBS, *others]))
        for title, names in (*SECTIONS.items(), *([("More", others)] if others else [])):
            with formatter.section(title):
                formatter.write_dl([(f"{name:{widest}}", self.summary(ctx, name)) for name in names])

    def summary(self, ctx: click.Context, name: str) -> str:
        if name in VERBS:
            return VERBS[name][1]
        try:
            return super().summary(ctx, name)
        except RecipeError as error:
            return str(error)


def _collect_from_now_on() -> None:
    """Let the garbage collector begin, without what has been imported so far."""
    gc.freeze()
    gc.enable()


def _others() -> list[str]:
    return [name for name in COMMANDS.names() if name not in VERBS]


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Release procedures as Markdown recipes: checked, run step by step, recorded in a signed journal.",
)
@click.version_option(__version__, prog_name="recipe", message="%(prog)s %(version)s")
def program() -> None:
    """Run a verb."""


def run(argv: Sequence[str]) -> int:
    """Run the command line and return the exit code; no exception gets past here."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    code = _run(argv)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or (ExitCode.CLOSED_PIPE if isinstance(error, BrokenPipeError) else ExitCode.FAILED)
    return code


def _run(argv: Sequence[str]) -> int:
    try:
        result: Any = program.main(args=list(argv), prog_name="recipe", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except click.ClickException as error:
        _show((misuse(error),))
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("\n")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last border: everything becomes a message and an exit code
        return _failed(error)
    return result if isinstance(result, int) else ExitCode.DONE


def _failed(error: Exception) -> int:
    match error:
        case RecipeError():
            _show(error.diagnostics)
            return error.exit_code
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.CLOSED_PIPE
        case OSError():
            place = f"`{error.filename}`: " if error.filename else ""
            _show((Diagnostic(f"{place}{error.strerror or error}"),))
            return ExitCode.FAILED
        case _:
            return _bug(error)


def _show(diagnostics: Sequence[Diagnostic]) -> None:
    from recipe_runner.console.diagnostics import show  # noqa: PLC0415 - rich is loaded for what is shown, not before
    from recipe_runner.console.terminal import Terminal  # noqa: PLC0415

    show(Terminal(), diagnostics)


def _bug(error: Exception) -> int:
    import tempfile  # noqa: PLC0415 - for a bug only
    import traceback  # noqa: PLC0415

    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile("wb", prefix="recipe-bug-", suffix=".txt", delete=False) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        where = file.name
    except OSError:
        where = f"this: {text}"
    what = str(error).partition("\n")[0]
    hint = f"nothing that was recorded is lost; please report it with {where}"
    _show((Diagnostic(f"this is a bug in recipe-runner: {type(error).__name__}: {what}", hint=hint),))
    return ExitCode.BUG
