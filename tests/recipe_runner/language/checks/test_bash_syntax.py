from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Any

import pytest

from recipe_runner.errors import Span, UnmetError
from recipe_runner.language.checks.bash_syntax import check_bash
from recipe_runner.language.model import Script

SOUND = [
    "echo hello\n",
    "",
    "# only a comment\n",
    "if true; then\n  echo yes\nfi\n",
    "cat <<EOF\n}\n;; esac ) }\n'\"`\nEOF\n",
    "cat <<E\nE\n",
    "echo 'it''s' \"a\nb\" \\\n  c\n",
    "case $x in a) echo;; (b) ;; esac\n",
    'f() { echo "$(cat <<X\n$1\nX\n)"; }\n',
    "echo \\",
    "shopt -s extglob; ls !(a|b)\n",
    "exit 1\n",
    "((x = 1 << 2)); echo $((x<<1))\n",
]
BROKEN = [
    "if true; then\n",
    "fi\n",
    "}\n",
    "; } ; {\n",
    'echo "a\n',
    "echo 'a\n",
    "echo `a\n",
    "echo $(a\n",
    "echo ${a\n",
    "cat <<EOF\ntext\n",
    "(\n",
    ")\n",
    "a &&\n",
    "for x in; done\n",
    "esac ) }\n",
]


def scripts(*texts: str) -> list[Script]:
    return [
        Script(language="bash", text=text, span=Span("x.md", 100 * n), first_line=100 * n + 1)
        for n, text in enumerate(texts, 1)
    ]


def wrong(*texts: str) -> set[int]:
    """Return which of the scripts have faults, from 0."""
    return {fault.span.line // 100 - 1 for fault in check_bash(scripts(*texts)) if fault.span}


def test_sound_scripts() -> None:
    """Scripts that bash accepts alone are accepted together."""
    assert wrong(*SOUND) == set()


def test_sound_scripts_need_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe without syntax errors costs one bash, however many scripts it has."""
    calls = []
    run = subprocess.run

    def counted(*args: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
        calls.append(args)
        return run(*args, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    assert wrong(*SOUND * 20) == set()
    assert len(calls) == 1


def test_a_script_that_looks_like_the_sentinel_costs_time_only() -> None:
    """Code that confuses the one process is judged alone, and rightly."""
    assert wrong(*SOUND, ": $(: <<E)\nE\n", "fi\n") == {len(SOUND) + 1}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_script_is_found_among_sound_ones(text: str) -> None:
    """One broken script is found, and only it, wherever it stands."""
    assert wrong(text) == {0}
    assert wrong(*SOUND, text, *SOUND) == {len(SOUND)}


def test_two_broken_scripts_do_not_complete_each_other() -> None:
    """What one script leaves open, another does not close."""
    for pair in itertools.product(BROKEN, repeat=2):
        assert wrong(*pair) == {0, 1}, pair


def test_nothing_is_ever_run(tmp_path: Path) -> None:
    """Neither sound nor broken code has an effect."""
    touch = f"touch {tmp_path}/ran\n"
    for before, after in itertools.product(("", "}\n", "; esac ) }\n", "EOF\n", "'\n"), repeat=2):
        wrong(f"{before}{touch}{after}", f"echo $({touch.strip()})\n")
    assert list(tmp_path.iterdir()) == []


def test_places_and_words() -> None:
    """The fault stands at the line and, where bash names it, the word."""
    faults = list(check_bash(scripts("true\n  fi\n", 'echo\necho "x\n', "cat <<EOF\nx\n")))
    assert [(f.span.line, f.span.column, f.span.length) for f in faults if f.span] == [
        (102, 3, 2), (202, 6, 1), (301, 5, 2),
    ]  # fmt: skip
    assert faults[0].message == "bash: syntax error near unexpected token `fi`"


def test_no_bash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without bash on the machine there is one clear error."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnmetError, match="`bash` is not installed"):
        wrong("echo\n")
