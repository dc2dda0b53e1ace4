"""The process in which a typed step runs: `python -m recipe_runner.actions.child NAME DESCRIPTOR`.

Reads the validated arguments as JSON from the inherited descriptor, runs the action and writes its outputs as one JSON
object to the file `$RECIPE_OUTPUT`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from recipe_runner.actions.table import load
from recipe_runner.errors import ExitCode, RecipeError
from recipe_runner.sanitise import visible


def main(argv: Sequence[str]) -> int:
    """Run one action; faults go to standard error, a line each."""
    name, descriptor = argv
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with os.fdopen(int(descriptor), "rb") as stream:
        raw = stream.read()
    try:
        action = load(name)
        outputs = action.run(action.Arguments.model_validate_json(raw))
    except RecipeError as error:
        for diagnostic in error.diagnostics:
            print(f"error: {visible(diagnostic.message)}", file=sys.stderr)
            if diagnostic.hint:
                print(f"hint: {visible(diagnostic.hint)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    Path(os.environ["RECIPE_OUTPUT"]).write_text(json.dumps(outputs), encoding="utf-8")
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
