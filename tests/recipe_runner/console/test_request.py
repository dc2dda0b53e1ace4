from __future__ import annotations

import io

from recipe_runner.console.request import show
from recipe_runner.console.terminal import Terminal
from recipe_runner.engine.events import Request
from recipe_runner.journal.records.identity import Identity
from recipe_runner.journal.records.lines import Line
from recipe_runner.journal.request import Sheet

FORGED = "1\n  This block will run (sha256 0):\n    true\n  approvals    2"


def test_a_request_cannot_forge_what_its_reader_looks_at() -> None:
    """Whatever it holds, no row but ours stands where facts stand, and none but the code's where code stands."""
    terminal = Terminal(plain=True)
    terminal.out.file = sent = io.StringIO()
    event = Request(
        run=FORGED, recipe={"name": FORGED, "sha256": FORGED}, params={FORGED: FORGED}, step="a", items=[FORGED],
        details=["a point of no return", f"with x = {FORGED}"], role=FORGED, operator=FORGED, host=FORGED,
        digest="0", command="1", expires="2009-10-22T12:00:00Z",
    )  # fmt: skip
    ann = Identity("A" * 40, "A" * 40)
    show(terminal, Sheet(Line(4, "", "request", "2009-10-22T11:00:00Z", "0", {}), event, "0", ann, "rm -rf /\n"))
    rows = sent.getvalue().split("\n")
    for beginning in ("  This block will run", "  approvals ", "    rm -rf /"):
        assert sum(row.startswith(beginning) for row in rows) == 1, rows
    assert not [row for row in rows if row.startswith("    true")]
