"""Python blocks, as far as they can be judged without running them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

from recipe_runner.errors import Diagnostic
from recipe_runner.language.codes import Code
from recipe_runner.language.model import Script
from recipe_runner.sanitise import line

LINE = re.compile(r"line ([0-9]+)")
PROMPT = re.compile(r"(?:>>>|\.\.\.) ?")


def check_python(script: Script) -> Iterator[Diagnostic]:
    """Yield what the interpreter, or a reader who sees a pasted prompt, would refuse."""
    passage = script.passage()
    prompts = [(row, match) for row, text in enumerate(passage.rows) if (match := PROMPT.match(text))]
    if prompts and prompts[0][1][0].startswith(">>>"):
        for row, match in prompts:
            yield Diagnostic(
                f"found the prompt `{match[0].strip()}` in the code",
                passage.span(row, 0, len(match[0])),
                "remove it, and the output of the command",
                Code.PROMPT,
            )
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(script.text, script.span.path, "exec", dont_inherit=True)
    except SyntaxError as error:
        row = max(0, (error.lineno or 1) - 1)
        column = max(0, (error.offset or 1) - 1)
        same_line = error.end_lineno == error.lineno and error.end_offset is not None
        length = (error.end_offset or 0) - (error.offset or 0) if same_line else 1
        message = LINE.sub(lambda m: f"line {script.first_line + int(m[1]) - 1}", line(error.msg)).replace("'", "`")
        yield Diagnostic(
            f"python: {message}",
            passage.span(row, column, max(1, length)),
            "correct the code, it would stop at once",
            Code.PYTHON_SYNTAX,
        )
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        yield Diagnostic(
            f"python: the code cannot be compiled: {line(str(error)) or 'it is nested too deeply'}",
            passage.span(0),
            "write simpler code",
            Code.PYTHON_SYNTAX,
        )
