"""The command `recipe`: verbs by name, each imported only when it is used."""

from __future__ import annotations

import sys

from recipe_runner import __version__

VERBS = {
    "check": ("recipe_runner.cli.check", "Find every fault of recipes without running them."),
    "run": ("recipe_runner.cli.run", "Run a recipe step by step and write its signed journal."),
    "resume": ("recipe_runner.cli.resume", "Go on with a run that was left, failed or died."),
    "policy": ("recipe_runner.cli.policy", "Write down whose signature to trust."),
    "verify": ("recipe_runner.cli.verify", "Say whether a run's journal can be trusted."),
}
"""Our own verbs: module (with a click command named `command`) and one line of help."""


def main() -> None:
    """Run the command line; never returns."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"recipe {__version__}\n")
        sys.exit(0)
    from recipe_runner.cli.main import run  # noqa: PLC0415 - `--version` must not pay for click

    sys.exit(run(sys.argv[1:]))
