from __future__ import annotations

import json
from pathlib import Path

from recipe_runner.export.facts import FORMAT, as_json
from recipe_runner.journal.signers.gpg import GpgSigner
from tests.recipe_runner.export.exported import DONE, subject
from tests.recipe_runner.journal.runs import HOSTILE, RUN, genesis, write_run


def test_the_whole_run_is_one_object(signer: GpgSigner, tmp_path: Path) -> None:
    """Who signed, how each step ended, each event with its words, and the evidence; nothing of it is verified."""
    whole = json.loads("".join(as_json(subject(write_run(tmp_path / RUN, signer, DONE)))))
    assert (whole["format"], whole["run"], whole["verified"]) == (FORMAT, RUN, False)
    assert (whole["signed_by"], whole["state"]) == ([signer.primary], "done")
    assert whole["steps"] == {"a": "done", "b": "done"}
    assert [event["t"] for event in whole["events"]] == ["genesis", "step_start", "step_end", "skip", "close"]
    assert whole["events"][2]["says"] == "a done"
    assert [(row["step"], row["duration_ms"]) for row in whole["evidence"]] == [("a", 3), ("b", None)]


def test_a_terminal_may_see_it(tmp_path: Path) -> None:
    """Whatever is in a run, the text is printable ASCII, and nobody signed it where nobody did."""
    first = genesis(params={"name": HOSTILE}, operator=HOSTILE)
    text = "".join(as_json(subject(write_run(tmp_path / "run", None, DONE, first))))
    assert text.replace("\n", "").isascii()
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["params"] == {"name": HOSTILE}
    assert json.loads(text)["signed_by"] == []
