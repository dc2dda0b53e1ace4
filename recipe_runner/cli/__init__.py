"""The command `recipe`: verbs by name, each imported only when it is used."""

from __future__ import annotations

import gc
import sys

from recipe_runner import __version__

VERBS = {
    "check": ("recipe_runner.cli.check", "Find every fault of recipes without running them."),
    "plan": ("recipe_runner.cli.plan", "Show what a run would do, without running anything."),
    "show": ("recipe_runner.cli.show", "Read a recipe in the terminal."),
    "new": ("recipe_runner.cli.new", "Write a recipe to start from."),
    "import": ("recipe_runner.cli.import_", "Make a recipe of a release document, its text unchanged."),
    "schema": ("recipe_runner.cli.schema", "Print JSON Schema of header and actions, for editors."),
    "run": ("recipe_runner.cli.run", "Run a recipe step by step and write its signed journal."),
    "resume": ("recipe_runner.cli.resume", "Go on with a run that was left, failed or died."),
    "undo": ("recipe_runner.cli.undo", "Roll back what a run has done, newest first."),
    "approve": ("recipe_runner.cli.approve", "Approve or deny what somebody else's run asks for."),
    "policy": ("recipe_runner.cli.policy", "Write down whose signature to trust."),
    "verify": ("recipe_runner.cli.verify", "Say whether a run's journal can be trusted."),
    "witness": ("recipe_runner.cli.witness", "Have a run's journal attested by witnesses."),
    "log": ("recipe_runner.cli.log", "Read runs: list them, follow one, see what a step wrote, compare."),
    "report": ("recipe_runner.cli.report", "Write a report on a run: one page of HTML or Markdown."),
}
"""Our own verbs: module (with a click command named `command`) and one line of help."""

SECTIONS = {
    "Write recipes": ["new", "import", "check", "show", "plan", "schema"],
    "Run them": ["run", "resume", "undo"],
    "Trust them": ["approve", "policy", "verify", "witness"],
    "Read them": ["log", "report"],
}
"""The verbs in the order in which help and the reference page tell them."""


def main() -> None:
    """Run the command line; never returns. Imports leave no garbage: the collector begins behind them."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"recipe {__version__}\n")
        sys.exit(0)
    gc.disable()
    from recipe_runner.cli.main import run  # noqa: PLC0415 - `--version` must not pay for click

    sys.exit(run(sys.argv[1:]))
