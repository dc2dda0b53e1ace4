from __future__ import annotations

from pathlib import Path

from recipe_runner.engine.events import Output, StepEnd, StepStart
from recipe_runner.site.document import HEAD, TAIL
from tests.recipe_runner.journal.runs import write_run
from tests.recipe_runner.site.test_report import told


def test_of_much_output_beginning_and_end_are_shown(tmp_path: Path) -> None:
    """The middle is left out and counted, whichever streams it came from."""
    data = (b"a" * HEAD, b"m" * 1000, b"z" * TAIL)
    outputs = [Output("a", "stderr" if n == 1 else "stdout", piece, n) for n, piece in enumerate(data)]
    run = write_run(tmp_path / "run", None, (StepStart(step="a"), *outputs, StepEnd(step="a", duration_ms=1)))
    (performed,) = told(run).steps[0].performed
    assert performed.left_out == 1000
    assert list(performed.written) == [("stdout", "a" * HEAD), ("stdout", "z" * TAIL)]


def test_a_bar_stays_on_the_timeline(tmp_path: Path) -> None:
    """However long a command says it took, its bar ends where the timeline ends."""
    run = write_run(tmp_path / "run", None, (StepStart(step="a"), StepEnd(step="a", duration_ms=2**52)))
    for moment in told(run).timeline:
        assert 0 <= moment.offset <= moment.offset + (moment.width or 0) <= 100
