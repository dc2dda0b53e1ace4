from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest

from recipe_runner.errors import InvalidRecipeError, UsageError
from recipe_runner.language.conditions import Condition
from recipe_runner.language.model import ActionStep, Block, Manual, Recipe
from recipe_runner.language.parse import include_reader, load, parse, survey
from tests.recipe_runner.language.documents import DOCUMENTS, OWN

KARMIC = b"""---
recipe: 1
title: Publish Karmic alpha 3
params:
  serial: {type: serial, help: The daily build}
  regions: {type: list, of: region, default: [us-east-1, eu-west-1]}
requires:
  - command: gpg
    version: ">=2.2"
---

# Karmic

Read all of it first.

## Verify

The daily must be signed.

```bash {#verify-daily timeout=5m retries=2 retry-delay=10s}
gpg --verify "$serial"
```

```bash {.check for=verify-daily timeout=3s}
test -d daily
```

## Publish

```yaml {#register action=ec2.publish .irreversible confirm="Publish ${serial}?" approve=2 by=managers}
image: ${serial}
```

~~~python {.verify for=register}
print("there")
~~~

- [ ] Ask the release team to *stop* uploads {#freeze when="channel != 'beta'"}

  By mail.
  - [ ] And wait
"""


def recipe(text: str) -> Recipe:
    return parse("recipe.md", text.encode())


def test_header() -> None:
    """Title, parameters and requirements come from the header, scalars as the texts that were written."""
    karmic = parse("karmic.md", KARMIC)
    assert karmic.title == "Publish Karmic alpha 3"
    assert [(p.name, p.type, p.default) for p in karmic.params] == [
        ("serial", "serial", None),
        ("regions", "list", ("us-east-1", "eu-west-1")),
    ]
    [requirement] = karmic.requires
    assert (requirement.kind, requirement.arguments.data) == ("command", {"command": "gpg", "version": ">=2.2"})
    assert (requirement.span.line, requirement.span.column) == (8, 5)


def test_sources() -> None:
    """The recipe knows the size and sha256 of the file's very bytes."""
    [source] = parse("karmic.md", KARMIC).sources
    assert (source.path, source.size, source.sha256) == (
        "karmic.md", len(KARMIC), hashlib.sha256(KARMIC).hexdigest(),
    )  # fmt: skip


def test_block() -> None:
    """A fence with an id is a block with its code, its place, its attributes and the scripts that belong to it."""
    block = parse("karmic.md", KARMIC).step("verify-daily")
    assert isinstance(block, Block)
    assert (block.script.language, block.script.text) == ("bash", 'gpg --verify "$serial"\n')
    assert (block.span.line, block.script.first_line) == (20, 21)
    assert (block.title, block.headings) == ("Verify", ("Karmic", "Verify"))
    assert block.prose == "Read all of it first.\n\nThe daily must be signed."
    assert block.attributes.timeout == timedelta(minutes=5)
    assert (block.attributes.retries, block.attributes.retry_delay) == (2, timedelta(seconds=10))
    [check] = block.checks
    assert (check.text, check.timeout) == ("test -d daily\n", timedelta(seconds=3))


def test_action() -> None:
    """A YAML fence with an action keeps its arguments as a fragment with places."""
    action = parse("karmic.md", KARMIC).step("register")
    assert isinstance(action, ActionStep)
    assert (action.action, action.arguments.data) == ("ec2.publish", {"image": "${serial}"})
    assert action.attributes.irreversible
    assert (action.attributes.confirm, action.attributes.approve, action.attributes.by) == (
        "Publish ${serial}?", 2, "managers",
    )  # fmt: skip
    assert [script.language for script in action.verifies] == ["python"]
    assert action.arguments.at(("image",)).line == 31


def test_manual() -> None:
    """A task item is a manual step; its text loses box and braces and keeps its own paragraphs, not its sub-items."""
    freeze, wait = parse("karmic.md", KARMIC).steps[2:]
    assert isinstance(freeze, Manual)
    assert isinstance(wait, Manual)
    assert (freeze.id, freeze.title) == ("freeze", "Ask the release team to stop uploads")
    assert freeze.text == "Ask the release team to *stop* uploads\n\nBy mail."
    assert freeze.attributes.when == Condition(name="channel", operator="!=", operand="beta")
    assert (wait.id, wait.text, wait.depth) == ("and-wait", "And wait", 1)
    assert (
        freeze.source
        == "- [ ] Ask the release team to *stop* uploads {#freeze when=\"channel != 'beta'\"}\n\n  By mail."
    )


def test_scripts_come_in_the_order_they_run() -> None:
    """All scripts of a recipe: checks, the block, verifications, step by step."""
    texts = [script.text for script in parse("karmic.md", KARMIC).scripts()]
    assert texts == ["test -d daily\n", 'gpg --verify "$serial"\n', 'print("there")\n']


def test_a_document_without_header_is_a_recipe() -> None:
    """A checklist runs as it is, called after its first level-1 heading or else after its file."""
    assert parse("dir/list.md", b"## Two\n\n# One\n\n- [ ] Go").title == "One"
    assert parse("dir/list.md", b"- [ ] Go").title == "list"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_foreign_documents_parse(path: Path) -> None:
    """Documents nobody wrote for us have no faults, unique ids, and only manual steps."""
    found, faults = survey(path.name, path.read_bytes())
    assert faults == ()
    assert {step.kind for step in found.steps} <= {"manual"}
    assert len({step.id for step in found.steps}) == len(found.steps)


def test_checklist() -> None:
    """Items of a real checklist are found in lists and under details, not in comments; equal texts get context."""
    steps = load(OWN / "checklist.md").steps
    assert [step.id for step in steps] == [
        "announce-the-freeze-on-the-list",
        "review-the-open-merge-requests-of-the-stable",
        "create-this-issue",
        "start-the-build-job-leave-the-defaults-it-builds",
        "post-the-links-to-the-jobs-amd64",
        "arm64-second-builder",
        "wait-until-they-are-green-amd64",
        "arm64",
        "its-installer-too",
        "push-the-images",
        "update-versions-yaml-file-point-releases-only",
    ]
    assert [step.depth for step in steps if isinstance(step, Manual)] == [0] * 8 + [1] + [0] * 2
    assert "there is no way back" in steps[9].prose
    assert steps[9].headings == ("⚠️ Publish ⚠️", "Push")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1. a\n\n   - b\n\n     ```bash {#x}\n     echo\n       two\n     ```\n", "echo\n  two\n"),
        ("> > ```bash {#x}\n> > echo\n> > ```\n", "echo\n"),
        ("<details>\n\n```bash {#x}\necho\n```\n\n</details>\n", "echo\n"),
        ("~~~~ bash {#x}\necho ```\n~~~\n~~~~\n", "echo ```\n~~~\n"),
        ("```bash {#x}\r\necho\r\n```\r\n", "echo\n"),
        ("\ufeff```bash {#x}\recho\r```", "echo\n"),
        ("-\t```bash {#x}\n\techo\n\t\ttabbed\n\t```\n", "echo\n\ttabbed\n"),
        ("  ```bash {#x}\n  echo\n one\n  ```\n", "echo\none\n"),
    ],
)
def test_fences_everywhere(text: str, code: str) -> None:
    """A fence runs with the code that a Markdown host shows, wherever it stands and however its lines end."""
    [step] = recipe(text).steps
    assert isinstance(step, Block)
    assert step.script.text == code


@pytest.mark.parametrize(
    "text",
    [
        "```bash\nrm -rf /\n```",
        "```bash {1,3-5}\nrm\n```",
        '```js title="{x}"\nrm\n```',
        "```{code-block} bash\nrm\n```",
        "``` {.bash .numberLines}\nrm\n```",
        "```js {highlight}\nrm\n```",
        "    ```bash {#x}\n    rm\n    ```",
        "<!--\n```bash {#x}\nrm\n```\n- [ ] no\n-->",
        "- [] no\n- [ ]\n- [y] no\n- [ ]no\n- \\[ ] no\n\n[ ] no",
        "`- [ ] no`",
        "| a |\n|---|\n| - [ ] no |",
    ],
)
def test_nothing_runs_by_accident(text: str) -> None:
    """Code without our braces, foreign attributes, comments, indented code and near-miss boxes are no steps."""
    assert recipe(text).steps == ()


def test_braces_in_items_that_are_text() -> None:
    """An item that ends in braces of another kind keeps them as its text."""
    steps = recipe("- [ ] Cut v1.x-{alpha,beta}\n- [ ] Set {alpha}\n- [ ] Run `a {#b}`\n").steps
    assert [step.text for step in steps if isinstance(step, Manual)] == [
        "Cut v1.x-{alpha,beta}",
        "Set {alpha}",
        "Run `a {#b}`",
    ]


def test_digest_follows_content_not_position() -> None:
    """A step's digest stays when the step moves, and changes with its code, its attributes and its role scripts."""
    plain = "```bash {#x}\necho\n```\n"
    digest = recipe(plain).steps[0].digest
    assert recipe(f"# New\n\nText.\n\n1. a\n\n   {plain.replace(chr(10), chr(10) + '   ')}").step("x").digest == digest
    changed = [
        plain.replace("echo", "echo 1"),
        plain.replace("#x", "#x .tty"),
        plain + "```sh {.undo for=x}\nls\n```\n",
    ]
    assert digest not in {recipe(text).step("x").digest for text in changed}


def test_prose_keeps_what_has_no_step() -> None:
    """Sections without steps are shown with the next step, with their headings; the step's own headings are not."""
    sections = "# A\n\nintro\n\n## B\n\nonly text\n\n## C\n\n"
    [step] = recipe(f"{sections}```bash {{.check for=x}}\ntrue\n```\n\nmore\n\n```bash {{#x}}\nls\n```\n").steps
    assert step.prose == "intro\n\n## B\n\nonly text\n\nmore"


def test_all_faults_at_once_in_order() -> None:
    """Header, steps and includes report together, by line."""
    text = b"---\nrecipe: 1\ntitel: x\n---\n\n```bash{#a}\nls\n```\n\n```bash {#a}\nls\n"
    with pytest.raises(InvalidRecipeError) as raised:
        parse("recipe.md", text)
    assert [(d.code, d.span.line) for d in raised.value.diagnostics if d.span] == [
        ("R023", 3), ("R013", 6), ("R010", 10), ("R042", 10),
    ]  # fmt: skip


def test_includes_stand_where_their_links_stand() -> None:
    """Steps, parameters and requirements of an included file join at its link, as deep as files include files."""
    header = "---\nrecipe: 1\nparams: {%s: {}}\nrequires: [{env: %s}]\n---\n"
    b = '# B\n\nof b\n\n- [ ] B\n\n[C](sub/c.md "include")\n\nend of b\n'
    a = '# A\n\n- [ ] A\n\nbefore\n\n[B](b.md "include")\n\nafter\n\n- [ ] D\n'
    files = {"recipes/b.md": (header % ("b", "B") + b).encode(), "recipes/sub/c.md": b"- [ ] C\n"}
    main = (header % ("a", "A") + a).encode()
    found = parse("recipes/a.md", main, read=files.__getitem__)
    assert [step.title for step in found.steps] == ["A", "B", "C", "D"]
    assert [step.headings for step in found.steps] == [("A",), ("A", "B"), ("A", "B"), ("A",)]
    assert [step.prose for step in found.steps] == ["", "before\n\nof b", "", "end of b\n\nafter"]
    assert [p.name for p in found.params] == ["a", "b"]
    assert [r.arguments.data for r in found.requires] == [{"env": "A"}, {"env": "B"}]
    assert [source.path for source in found.sources] == ["recipes/a.md", "recipes/b.md", "recipes/sub/c.md"]
    assert found.steps[2].span.path == "recipes/sub/c.md"


def test_a_recipe_is_made_of_a_bounded_number_of_files() -> None:
    """A chain of includes without end, each file new, stops at the limit with one fault."""
    _, faults = survey(
        "0.md", b'[x](1.md "include")', read=lambda path: f'[x]({int(path[:-3]) + 1}.md "include")'.encode()
    )
    assert [fault.message for fault in faults] == ["more than 100 files are included"]


def test_an_include_cannot_leave_by_symlink(tmp_path: Path) -> None:
    """A link that leads out of the recipe's directory through a symbolic link is refused."""
    (tmp_path / "secret.md").write_text("- [ ] secret")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "alias.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "tree" / "recipe.md").write_text('[x](alias.md "include")')
    with pytest.raises(InvalidRecipeError) as raised:
        load(tmp_path / "tree" / "recipe.md")
    [fault] = raised.value.diagnostics
    assert fault.code == "R052"
    assert fault.span is not None
    assert fault.span.column == 5


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    """No such file: one line, no traceback."""
    with pytest.raises(UsageError, match="cannot read"):
        load(tmp_path / "none.md")
    with pytest.raises(UsageError, match="is a directory"):
        load(tmp_path)


def test_relative_paths_above_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe named by a path through `..` includes its neighbours, and nothing above its own directory."""
    (tmp_path / "here").mkdir()
    (tmp_path / "recipe.md").write_text('[b](b.md "include")\n')
    (tmp_path / "b.md").write_text("- [ ] B\n")
    monkeypatch.chdir(tmp_path / "here")
    assert [step.title for step in load(Path("../recipe.md")).steps] == ["B"]
    (tmp_path / "recipe.md").write_text('[b](../b.md "include")\n')
    with pytest.raises(InvalidRecipeError):
        load(Path("../recipe.md"))
    assert os.path.lexists(tmp_path / "b.md")
    assert include_reader(Path("../recipe.md"))("../b.md") == b"- [ ] B\n"
