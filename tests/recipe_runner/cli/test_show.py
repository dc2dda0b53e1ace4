from __future__ import annotations

from pathlib import Path

from tests.support.command import recipe
from tests.support.terminal import Person

TEXT = """---
recipe: 1
params:
  place: {type: path, help: A directory}
requires:
  - dir: ${place}
---

# Release

Some *prose* for people.

> ```bash {#build timeout=5m}
> echo "$place"
> ```

```bash {.verify for=build}
test -d "$place"
```

```console
$ never runs
```

- [ ] Tell the users {#tell}
- [ ] Go home

[More](parts/more.md "include")

The end.
"""
MORE = "# More\n\n```yaml {#look action=http.check .irreversible}\nurl: https://example.org/\n```\n"


def written(directory: Path, text: str = TEXT) -> Path:
    (directory / "parts").mkdir()
    (directory / "parts/more.md").write_text(MORE)
    (directory / "r.md").write_text(text)
    return directory


def test_the_whole_document_is_shown(tmp_path: Path) -> None:
    """Parameters, requirements, prose, code, boxes, what it includes and its end; each step by its id and kind."""
    done = recipe("show", "r.md", directory=written(tmp_path))
    assert done.returncode == 0, done.stderr
    rest = done.stdout
    for words in (
        "place      path  required  A directory",
        "dir: ${place}",
        "Release",
        "Some prose for people.",
        "▶ build · bash",
        'echo "$place"',
        "timeout=5m",
        "verify build · bash",
        "$ never runs",
        "☐ tell · Tell the users",
        "☐ go-home · Go home",
        "The end.",
        "parts/more.md",
        "⚠ look · http.check",
    ):
        assert words in rest, done.stdout
        rest = rest.partition(words)[2]
    assert "{#" not in done.stdout


def test_plain_text_has_no_drawing(tmp_path: Path) -> None:
    """For screen readers and logs: no frames, no escape sequences."""
    done = recipe("show", "--plain", "r.md", directory=written(tmp_path))
    assert done.returncode == 0
    assert "▶ build (bash, timeout=5m):" in done.stdout
    assert not set("╭╮╰╯│\x1b") & set(done.stdout.replace("▌", ""))


def test_nothing_in_a_recipe_moves_the_cursor(tmp_path: Path) -> None:
    """Escape sequences and text that reorders itself are shown as what they are, in prose, code and header."""
    evil = "\x1b[2J\u202e"
    text = f"---\nrecipe: 1\ntitle: T{evil}\n---\n\nProse {evil}\n\n```bash {{#a}}\necho '{evil}'\n```\n"
    done = recipe("show", "r.md", directory=written(tmp_path, text))
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "\\u{1b}[2J\\u{202e}" in done.stdout


def test_no_color_is_honoured(tmp_path: Path) -> None:
    """With NO_COLOR a terminal gets no colours, without it does (https://no-color.org)."""
    written(tmp_path)
    seen = {}
    for value in ("", "1"):
        person = Person("show", "r.md", directory=tmp_path, environ={"NO_COLOR": value})
        person.sees("(?s)build.*$")
        assert person.leaves() == 0
        seen[value] = person.colours()
    assert seen[""] - {"default"}
    assert seen["1"] <= {"default"}


def test_a_faulty_recipe_is_shown_with_its_faults(tmp_path: Path) -> None:
    """The document is for reading even while it is being written; the exit code says that it has faults."""
    done = recipe("show", "r.md", directory=written(tmp_path, "# A\n\nprose\n\n```bash {#One}\ntrue\n```\n"))
    assert done.returncode == 2
    assert "prose" in done.stdout
    assert "r.md:5:10: error[R041]" in done.stderr
