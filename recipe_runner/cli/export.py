"""`recipe log export RUN`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from recipe_runner.cli.reading import account_of, run_directory
from recipe_runner.cli.verbs import PATH, RUN
from recipe_runner.cli.writing import write_new, write_pieces
from recipe_runner.console.terminal import Terminal
from recipe_runner.errors import RecipeError, UsageError
from recipe_runner.export.asciicast import asciicast
from recipe_runner.export.forms import ATTESTATION, NAMES, RECORDING, TEXTS
from recipe_runner.export.in_toto import LAYOUT, attest, signer_of
from recipe_runner.export.subject import Subject
from recipe_runner.journal.reading.snapshot import snapshot


@click.command(
    help="Hand RUN, a directory or a run's id, to another program: in-toto, asciinema, a spreadsheet, a page."
)
@click.argument("run", type=RUN)
@click.option("--to", "form", type=click.Choice(NAMES), required=True, help="The form to write.")
@click.option("-o", "--output", type=PATH, metavar="PATH", help="Write to this file; for in-toto, into this directory.")
@click.option("--key", metavar="FINGERPRINT", help="in-toto: sign with this key; default: the one that closed the run.")
@click.option("--raw", is_flag=True, help="asciicast: keep what commands wrote as it was, escape sequences and all.")
def command(run: str, form: str, output: Path | None, key: str | None, raw: bool) -> None:  # noqa: D103 - its help is above
    _refuse_misplaced(form, output, key, raw=raw)
    directory = run_directory(run)
    terminal = Terminal()
    if form == ATTESTATION and output:
        with snapshot(directory) as still:
            _attest(terminal, Subject(still, account_of(still)), output, key)
        return
    subject = Subject(directory, account_of(directory))
    pieces = asciicast(subject, raw=True) if raw else TEXTS[form](subject)
    if output:
        write_pieces(output, pieces)
    else:
        for piece in pieces:
            terminal.raw(piece)


def _refuse_misplaced(form: str, output: Path | None, key: str | None, *, raw: bool) -> None:
    if raw and form != RECORDING:
        raise UsageError.because(f"--raw belongs to `{RECORDING}` only", hint="leave it out")
    if key and form != ATTESTATION:
        raise UsageError.because(f"--key belongs to `{ATTESTATION}` only", hint="leave it out")
    if form == ATTESTATION and output is None:
        raise UsageError.because(f"`{ATTESTATION}` is a directory of files", hint="name it: -o DIR")


def _attest(terminal: Terminal, subject: Subject, directory: Path, key: str | None) -> None:
    """Write what the key can say; the layout last, so that a half-written export proves nothing."""
    signer = signer_of(subject, key)
    made = attest(subject, signer)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecipeError.because(f"cannot make `{directory}`: {error.strerror}", hint="name another one") from error
    for name in sorted(made.files, key=lambda name: name == LAYOUT):
        write_new(directory / name, made.files[name], hint="name a directory without an earlier export of this run")
    if LAYOUT not in made.files:
        for name in made.files:
            terminal.say(str(directory / name))
        terminal.note("lay these beside the layout, which the key that closed the run makes")
        return
    for name, by in made.wanting:
        whose = " or ".join(by) or "nobody: the step is not done"
        terminal.note(f"`{name}` is still to be signed by {whose}")
    words = (
        "in-toto-verify",
        "--layout",
        str(directory / LAYOUT),
        "--link-dir",
        str(directory),
        "--gpg",
        signer.primary,
    )
    terminal.say(shlex.join(words))
