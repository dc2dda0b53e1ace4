"""The converted definition as a text, and on the disk with its files."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from builders.distros.check import load_definition
from builders.images.writing import format_table
from builders.vmbuilder.work import FILES, Conversion, Remark
from recipe_runner.errors import Diagnostic, RecipeError, UsageError
from recipe_runner.sanitise import line

MISFIT = "D005"
"""The code of what a distribution family cannot build yet."""


def format_conversion(made: Conversion, source: str) -> str:
    """Return the TOML text, its remarks as comments before it."""
    head = [f"# Converted from {line(source)}, a configuration of VMBuilder."]
    for remark in made.remarks:
        place = f"line {remark.span.line}, " if remark.span else ""
        head.append(f"#   {place}{line(remark.option)}: {line(remark.text)}")
    return "\n".join(head) + "\n\n" + format_table(made.table)


def write_conversion(made: Conversion, source: str, output: Path) -> None:
    """Write the definition and its files beside it, once it has been found sound; nothing that is there is replaced.

    What the distribution still needs becomes a remark. The definition comes last, so that it is there only with all it
    names. Raises UsageError, RecipeError.
    """
    folder = output.parent
    for place in (output, *([folder / FILES] if made.files else [])):
        if place.exists():
            raise UsageError.because(f"`{line(str(place))}` is there already", hint="choose another place with -o")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=folder) as aside:
            staged = Path(aside)
            for name, (content, executable) in made.files.items():
                _write(staged / name, content, 0o755 if executable else 0o644)
            judged = staged / f"judged-{output.name}"
            _write(judged, format_conversion(made, source).encode(), 0o644)
            made.remarks += _judge(judged, output)
            _write(staged / output.name, format_conversion(made, source).encode(), 0o644)
            if made.files:
                (staged / FILES).rename(folder / FILES)
            output.hardlink_to(staged / output.name)
    except OSError as fault:
        raise RecipeError.because(f"cannot write `{line(str(output))}`: {fault.strerror}") from fault


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fchmod(stream.fileno(), mode)
        os.fsync(stream.fileno())


def _judge(staged: Path, output: Path) -> list[Remark]:
    """Return what the distribution finds missing; raise UsageError for what no definition can have, at its line."""
    try:
        load_definition(staged)
    except UsageError as error:
        broken = [fault for fault in error.diagnostics if fault.code != MISFIT]
        if not broken:
            return [Remark("definition", _missing(fault), None) for fault in error.diagnostics]
        raise UsageError(
            *(
                replace(
                    fault,
                    message=f"what comes of it is no definition: {fault.message}",
                    span=replace(fault.span, path=str(output)) if fault.span else None,
                )
                for fault in broken
            )
        ) from error
    return []


def _missing(fault: Diagnostic) -> str:
    return f"before it can be built: {fault.message}" + (f"; {fault.hint}" if fault.hint else "")
