from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from recipe_runner.actions import table as actions
from recipe_runner.cli.main import program
from recipe_runner.engine.preconditions.table import kinds
from recipe_runner.errors import ExitCode
from recipe_runner.journal.verification.verdict import UNUSABLE, Verdict
from recipe_runner.language.attribute_rules import FLAGS, PAIRS, ROLES, SCRIPT_PAIRS
from recipe_runner.language.codes import Code
from recipe_runner.language.declarations import Declaration, Header
from recipe_runner.language.parameter_types import PARAMETER_TYPES
from tests.support.command import environment, recipe
from tests.support.pages import FENCE, follow

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "README.md", *DOCS.rglob("*.md")))
FOLLOWED = [
    "docs/how-to/call-witnesses.md",
    "docs/how-to/check-in-ci.md",
    "docs/how-to/four-eyes.md",
    "docs/how-to/import-a-checklist.md",
    "docs/how-to/read-a-run.md",
    "docs/tutorial.md",
]


def text(name: str) -> str:
    return (REFERENCE / name).read_text()


def verbs(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from verbs(command, f"{path} {name}")
        elif command is not None:
            yield f"{path} {name}", command


def section(page: str, heading: str) -> str:
    found = re.search(rf"^### `{re.escape(heading)}(?: [^`]*)?`$(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/command-line.md has no section for `{heading}`"
    return found[1]


@pytest.mark.parametrize(("name", "verb"), [pytest.param(*pair, id=pair[0]) for pair in verbs(program, "recipe")])
def test_every_verb_and_option_is_described(name: str, verb: click.Command) -> None:
    """The command-line page has a section for each verb whose table holds its options, no more and no fewer."""
    described = section(text("command-line.md"), name)
    cells = re.findall(r"^\| (`-[^|]*) \|", described, re.MULTILINE)
    written = {option for cell in cells for option in re.findall(r"`(--?[a-z-]+)", cell)}
    options = [parameter for parameter in verb.params if isinstance(parameter, click.Option)]
    assert written == {opt for option in options for opt in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("code", list(ExitCode), ids=lambda code: code.name)
def test_every_exit_code_is_described(code: ExitCode) -> None:
    """Number and name stand in one row."""
    assert f"| {code.value} | {code.name.lower()} |" in text("exit-codes.md")


def test_every_verdict_is_described() -> None:
    """The codes of `recipe verify` stand beside their verdicts."""
    for verdict in Verdict:
        assert f"| {verdict.exit_code} | {verdict.value} |" in text("exit-codes.md")
    assert f"| {UNUSABLE} | |" in text("exit-codes.md")


def action_section(name: str) -> str:
    """Return what is said about an action, with what it says it shares with another."""
    pages = "\n".join(path.read_text() for path in sorted(REFERENCE.glob("*.md")))
    found = re.search(rf"^## [^\n]*`{re.escape(name)}`[^\n]*$(.*?)(?=^## |\Z)", pages, re.MULTILINE | re.DOTALL)
    assert found, f"no page under docs/reference has a section for `{name}`"
    shared = re.search(r"Arguments as `([^`]+)`", found[1])
    return found[1] + (action_section(shared[1]) if shared else "")


@pytest.mark.parametrize("name", actions.names())
def test_every_action_and_its_arguments_are_described(name: str) -> None:
    """An action has a section of its own in one of the reference pages, in which every argument is named."""
    described = action_section(name)
    for field, info in actions.load(name).Arguments.model_fields.items():
        assert f"`{info.alias or field}`" in described


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_precondition_and_its_keys_are_described(kind: str) -> None:
    """A kind has a section of its own, in which every key is named."""
    found = re.search(rf"^## `{kind}`$(.*?)(?=^## |\Z)", text("preconditions.md"), re.MULTILINE | re.DOTALL)
    assert found
    for field, info in kinds()[kind].model_fields.items():
        assert f"`{info.alias or field}`" in found[1]


def test_the_format_is_described_whole() -> None:
    """Every key of header and parameters, every type, attribute, flag and role is on the page of the format."""
    page = text("recipe-format.md")
    words = {*Header.model_fields, *Declaration.model_fields, *PARAMETER_TYPES, *PAIRS, *SCRIPT_PAIRS}
    marks = {f".{flag}" for flag in (*FLAGS, *ROLES)}
    assert not {word for word in words | marks if not re.search(rf"`{re.escape(word)}(?:=[^`]*)?`", page)}


@pytest.mark.parametrize("code", list(Code), ids=lambda code: str(code.value))
def test_every_diagnostic_is_explained(code: Code) -> None:
    """The page of diagnostics has a section with each code, its heading and its explanation."""
    page = " ".join(text("diagnostics.md").split())
    assert re.search(rf"## {code.value}\b[^#]*{re.escape(code.heading)}", page)
    assert " ".join(code.explanation.split()) in page


@pytest.mark.parametrize("page", PAGES)
def test_no_link_leads_nowhere(page: str) -> None:
    """Every relative link leads to a file, and where it names a heading the heading is there."""
    file = ROOT / page
    prose = FENCE.sub("", file.read_text())
    for target in LINK.findall(prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (file.parent / path).resolve() if path else file
        assert place.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", FENCE.sub("", place.read_text()), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


def test_the_lists_of_pages_are_whole() -> None:
    """The README leads to every how-to and every reference page, and the decisions are listed in order."""
    readme = (ROOT / "README.md").read_text()
    pages = [path.relative_to(ROOT).as_posix() for room in ("how-to", "reference") for path in (DOCS / room).iterdir()]
    assert not [page for page in pages if f"({page})" not in readme]
    decisions = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    titles = [path.read_text().partition("\n")[0].removeprefix("# ") for path in decisions]
    listed = LINK.findall((DOCS / "decisions/README.md").read_text())
    assert listed == [path.name for path in decisions]
    assert [title[:4] for title in titles] == [path.name[:4] for path in decisions]


def test_the_map_of_the_house_is_true() -> None:
    """Every room and every file beside the rooms has its row in the map, and nothing else has one."""
    table = (DOCS / "architecture.md").read_text().partition("## Rooms")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    packages = [ROOT / name for name in ("recipe_runner", "builders")]
    there = {path.parent for package in packages for path in package.glob("*/**/__init__.py")}
    there |= {path for package in packages for path in package.glob("*.py") if path.name != "__init__.py"}
    paths = {ROOT / name for name in named}
    assert {path for path in paths if not path.exists()} == set()
    assert there - paths == set()


@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_can_be_followed(tmp_path: Path, page: str) -> None:
    """A reader who types what the page says sees what the page shows."""
    home = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    person = {f"GIT_{who}_{what}": "me@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    place = tmp_path / "place"
    place.mkdir()
    environ = {"COLUMNS": "120", "HOME": str(tmp_path), "GNUPGHOME": str(home), "LC_ALL": "C.UTF-8"}
    try:
        for typed in follow(ROOT / page, place, environment({**person, **environ})):
            assert typed.agrees(), f"$ {typed.command}\n{typed.said}"
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)


def test_the_readme_begins_with_what_happens() -> None:
    """The README's recipe is the example's, and the run shown below it is what comes of it."""
    readme = (ROOT / "README.md").read_text()
    example = (ROOT / "examples/hello.md").read_text()
    shown = next(match["text"] for match in FENCE.finditer(readme) if match["info"] == "markdown")
    assert shown.strip() == example.strip()
    session = next(match["text"] for match in FENCE.finditer(readme) if "recipe run examples/hello.md" in match["text"])
    with tempfile.TemporaryDirectory() as runs:
        done = recipe("run", "examples/hello.md", "--yes", "--no-sign", "--runs", runs, directory=ROOT)
    assert done.returncode == 0
    rows = [" ".join(row.split()) for row in done.stdout.splitlines()]
    for row in session.splitlines()[1:]:
        words = " ".join(row.split())
        if words and words != "…" and not words.startswith(("run ", "signed by ")):
            assert words in rows


def test_the_hook_of_pre_commit_is_our_command(tmp_path: Path) -> None:
    """Its entry, given files as pre-commit gives them, passes a sound recipe and refuses a faulty one."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program_name, *arguments = hook["entry"].split()
    assert program_name == "recipe"
    (tmp_path / "bad.md").write_text("```bash {#One}\ntrue\n```\n")
    assert recipe(*arguments, ROOT / "examples/hello.md").returncode == 0
    assert recipe(*arguments, ROOT / "examples/hello.md", tmp_path / "bad.md").returncode == 2
