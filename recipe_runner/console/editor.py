"""The operator's own editor, for a text that is to be changed before it is used."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from recipe_runner.sanitise import line


def edit(text: str) -> str:
    """Let the operator change a text in `$VISUAL`, `$EDITOR` or vi; raises ValueError saying why that did not work."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        command = shlex.split(editor)
    except ValueError as error:
        raise ValueError(f"`{line(editor)}` is no command ({error}); set $VISUAL or $EDITOR") from error
    with tempfile.TemporaryDirectory(prefix="recipe-edit-") as place:
        file = Path(place) / "step.txt"
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
        try:
            done = subprocess.run([*command, str(file)], check=False)
            after = file.read_bytes()
        except OSError as error:
            named = Path(error.filename or command[0]).name
            raise ValueError(f"`{line(named)}`: {error.strerror}; set $VISUAL or $EDITOR") from error
    if done.returncode:
        raise ValueError(f"`{line(editor)}` ended with exit code {done.returncode}, so what it wrote is not used")
    return after.decode("utf-8", "surrogateescape")
