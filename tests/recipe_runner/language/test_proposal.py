from __future__ import annotations

import re
from pathlib import Path

import pytest

from recipe_runner.errors import InvalidRecipeError
from recipe_runner.language.checks.inspection import inspect
from recipe_runner.language.parse import parse
from recipe_runner.language.proposal import propose
from tests.recipe_runner.language.documents import DOCUMENTS, OWN

ADDED = re.compile(r" \{#[a-z0-9-]+\}")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_nothing_but_ids_is_added(path: Path) -> None:
    """A document whose proposed ids are taken out again is the original, byte for byte."""
    data = path.read_bytes()
    proposal = propose(path.name, data)
    lines = proposal.text.split("\n")
    for finding in proposal.report:
        if finding.verdict == "step":
            lines[finding.line - 1] = ADDED.sub("", lines[finding.line - 1], count=1)
    assert "\n".join(lines).encode() == data


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
@pytest.mark.parametrize("console", [False, True])
def test_a_proposal_has_no_faults(path: Path, console: bool, tmp_path: Path) -> None:
    """What is proposed for a real document passes every check, bash's included, and has a step for each finding."""
    proposal = propose(path.name, path.read_bytes(), console=console)
    recipe = tmp_path / "recipe.md"
    recipe.write_bytes(proposal.text.encode())
    steps, faults = inspect(recipe, actions={}, preconditions={})
    assert faults == ()
    assert len(steps.steps) == sum(finding.verdict != "left" for finding in proposal.report)


def test_shell_fences_are_named_after_heading_or_command() -> None:
    """A fence alone under its heading is named after it, several after their commands."""
    report = propose("guide.md", (OWN / "guide.md").read_bytes()).report
    assert [f.id for f in report if f.verdict == "step"] == [
        "git-checkout-main", "git-clone-tool-git", "git-tag-v1-2-3", "robot",
    ]  # fmt: skip
    alone = propose("x.md", b"## Sync mirrors\n\n```sh\nrsync a b\n```\n").report
    assert [f.id for f in alone] == ["sync-mirrors"]


def test_what_is_left_alone_has_a_reason() -> None:
    """Everything that is no plain shell code is left alone, and the report says why."""
    report = propose("handbook.md", (OWN / "handbook.md").read_bytes()).report
    assert [(f.line, f.verdict, f.reason) for f in report] == [
        (7, "left", "does not begin with a command"),
        (13, "left", "not shell but `yaml`"),
        (25, "step", "shell commands"),
        (30, "left", "only comments"),
        (34, "left", "no language"),
        (38, "left", "has the placeholder `<version>`"),
        (42, "left", "does not begin with a command"),
        (46, "left", "not shell but `diff`"),
        (51, "left", "not shell but `markdown`"),
    ]


def test_transcripts_only_on_request() -> None:
    """The commands of a console fence become a fence of their own behind it, without prompts and output."""
    data = (OWN / "guide.md").read_bytes()
    [left] = [f for f in propose("g.md", data).report if f.text.startswith("$ tar")]
    assert (left.verdict, left.reason) == ("left", "a transcript with prompts")
    proposal = propose("g.md", data, console=True)
    [step] = [s for s in parse("g.md", proposal.text.encode()).steps if s.id.startswith("tar")]
    assert step.kind == "block"
    assert step.script.text == "tar tf tool.tar.gz | \\\n  head -1\nsha256sum tool.tar.gz\n"
    assert "   ```console\n   $ tar tf" in proposal.text


def test_other_words_behind_the_language_are_respected() -> None:
    """A fence whose info string holds more than the language stays as it is."""
    [finding] = [f for f in propose("g.md", (OWN / "guide.md").read_bytes()).report if "title" in f.reason]
    assert finding.verdict == "left"


def test_manual_items_are_reported_with_their_ids() -> None:
    """Task items appear in the report under the ids they have in a run."""
    report = propose("c.md", (OWN / "checklist.md").read_bytes()).report
    recipe = parse("c.md", (OWN / "checklist.md").read_bytes())
    assert [f.id for f in report] == [step.id for step in recipe.steps]


def test_existing_ids_are_not_taken_again() -> None:
    """A proposed id differs from those the document has already."""
    data = b"```bash {#git-status}\ngit status\n```\n\n```bash\ngit status\n```\n"
    ids = [f.id for f in propose("x.md", data).report if f.verdict == "step"]
    assert ids == ["git-status-2"]


def test_line_ends_and_byte_order_marks_survive() -> None:
    """CR LF line ends and a byte order mark are where they were."""
    data = b"\xef\xbb\xbf```bash\r\nls\r\n```\r\n"
    assert propose("x.md", data).text.encode() == b"\xef\xbb\xbf```bash {#ls}\r\nls\r\n```\r\n"


def test_a_file_that_is_no_text_is_refused() -> None:
    """Bytes that are not UTF-8 are a fault, not a guess."""
    with pytest.raises(InvalidRecipeError):
        propose("x.md", b"caf\xe9")
