from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from tests.support.command import recipe

DOCUMENT = (
    "\ufeff# Release process\r\n\r\nTabs\there, *and* trailing spaces  \r\n\r\n"
    "- [ ] Announce the freeze\r\n\r\n"
    "```bash\r\nmake dist\r\n```\r\n\r\n"
    "```console\r\n$ make check\r\nok\r\n```\r\n\r\n"
    "```yaml\r\nnot: shell\r\n```\r\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "RELEASE.md").write_bytes(DOCUMENT.encode())
    return tmp_path


def test_a_document_becomes_a_recipe(place: Path) -> None:
    """Every byte outside the ids survives, the recipe has no faults, and the report says what became of each part."""
    done = recipe("import", "RELEASE.md", "-o", "recipe.md", directory=place)
    assert done.returncode == 0, done.stderr
    made = (place / "recipe.md").read_bytes()
    assert re.sub(rb" \{#[a-z0-9-]+\}", b"", made) == DOCUMENT.encode()
    assert b"```bash {#" in made
    assert recipe("check", "recipe.md", directory=place).returncode == 0
    assert "announce-the-freeze" in done.stdout
    assert "not shell but `yaml`" in done.stdout
    assert "recipe.md: 1 block, 1 manual item, 2 fences left alone" in done.stdout
    assert sorted(path.name for path in place.iterdir()) == ["RELEASE.md", "recipe.md"]
    assert stat.S_IMODE((place / "recipe.md").stat().st_mode) == stat.S_IMODE((place / "RELEASE.md").stat().st_mode)


def test_transcripts_are_proposed_on_request(place: Path) -> None:
    """With --console the commands of a transcript stand behind it as a block, without prompts and output."""
    assert recipe("import", "RELEASE.md", "-o", "recipe.md", "--console", directory=place).returncode == 0
    assert b"}\r\nmake check\r\n```\r\n" in (place / "recipe.md").read_bytes()
    assert recipe("check", "recipe.md", directory=place).returncode == 0


def test_nothing_is_replaced_without_force(place: Path) -> None:
    """A file that is there stays; --force replaces it; the document itself is never replaced."""
    (place / "recipe.md").write_text("mine")
    refused = recipe("import", "RELEASE.md", "-o", "recipe.md", directory=place)
    assert refused.returncode == 2
    assert "add --force" in refused.stderr
    assert (place / "recipe.md").read_text() == "mine"
    assert recipe("import", "RELEASE.md", "-o", "recipe.md", "--force", directory=place).returncode == 0
    assert b"{#" in (place / "recipe.md").read_bytes()
    itself = recipe("import", "RELEASE.md", "-o", "./RELEASE.md", "--force", directory=place)
    assert itself.returncode == 2
    assert (place / "RELEASE.md").read_bytes() == DOCUMENT.encode()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a\x00b"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    """Exit code 2, the cause in words, and no file."""
    (tmp_path / "doc.md").write_bytes(content)
    done = recipe("import", "doc.md", "-o", "recipe.md", directory=tmp_path)
    assert done.returncode == 2
    assert "doc.md:1:" in done.stderr
    assert not (tmp_path / "recipe.md").exists()
