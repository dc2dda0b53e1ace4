"""How fast recipes are checked, beside peers on the same machine in the same run; ratios are what counts.

Run it with the project's interpreter: `.venv/bin/python benchmarks/language.py`. Exit code 1 where a target is missed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from markdown_it import MarkdownIt

from recipe_runner.language.checks.shellcheck import find_shellcheck
from recipe_runner.language.checks.static import check
from recipe_runner.language.parse import survey

RECIPE = Path(sys.executable).with_name("recipe")
BARE = "import sys; from markdown_it import MarkdownIt; MarkdownIt('commonmark').parse(open(sys.argv[1]).read())"
UNAIDED = (
    "import sys; from recipe_runner.cli import check; check.find_shellcheck = lambda: None; check.command(sys.argv[1:])"
)
"""`recipe check` as it is where shellcheck is not installed, even if it is here."""
ROUNDS = 10
VERSION_LIMIT = 4.0
CHECK_LIMIT = 3.0
LINEAR_LIMIT = 2.0
"""How much dearer a byte may be in the large document than in the small one."""


def main() -> int:
    """Print every comparison and return the exit code."""
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for title, ratio, limit in (*_start_up(), *_checking(directory), *_linearity()):
            verdict = "" if limit is None else f"  (target: at most {limit:g}) {'ok' if ratio <= limit else 'MISSED'}"
            missed += limit is not None and ratio > limit
            print(f"{title:<76} {ratio:6.2f}{verdict}")
    return 1 if missed else 0


def document(steps: int, prose: int = 2) -> str:
    """Return a recipe of so many blocks, each with its heading and paragraphs of prose."""
    words = "The archive is frozen, the mirrors are in step, and the *release team* has agreed to `go on`. " * 3
    head = "---\nrecipe: 1\nparams:\n  version: {type: version, default: 1.0}\n---\n\n# A long release\n\n"
    step = '## Step {n}\n\n{prose}```bash {{#step-{n} timeout=5m}}\nname="v$version"\necho "$name" | sort\n```\n\n'
    return head + "".join(step.format(n=n, prose=f"{words}\n\n" * prose) for n in range(steps))


def _start_up() -> Iterator[tuple[str, float, float | None]]:
    nothing = _process([sys.executable, "-c", "pass"])
    version = _process([str(RECIPE), "--version"])
    help_ = _process([str(RECIPE), "--help"])
    print(f"python -c pass {nothing * 1000:.0f} ms, --version {version * 1000:.0f} ms, --help {help_ * 1000:.0f} ms")
    yield "recipe --version / python -c pass", version / nothing, VERSION_LIMIT
    yield "recipe --help / python -c pass", help_ / nothing, None


def _checking(directory: Path) -> Iterator[tuple[str, float, float | None]]:
    large, small = directory / "large.md", directory / "small.md"
    large.write_text(document(1000))
    small.write_text(document(1))
    unaided = [sys.executable, "-c", UNAIDED]
    bare = _process([sys.executable, "-c", BARE, str(large)]) - _process([sys.executable, "-c", BARE, str(small)])
    start = _process([*unaided, str(small)])
    whole = _process([*unaided, str(large)])
    print(
        f"1,000 steps, {large.stat().st_size // 1000} kB: bare markdown-it-py {bare * 1000:.0f} ms, recipe check "
        f"{whole * 1000:.0f} ms, of which start-up {start * 1000:.0f} ms"
    )
    yield "recipe check of 1,000 steps, less start-up / bare markdown-it-py", (whole - start) / bare, CHECK_LIMIT
    if find_shellcheck():
        with_shellcheck = _process([str(RECIPE), "check", str(large)], rounds=1)
        yield "the same with shellcheck / without", with_shellcheck / whole, None
    else:
        print("shellcheck is not installed: its part is left out")
    if paulrun := shutil.which("paulrun"):
        peer = _process([paulrun, "check", str(large)])
        yield "recipe check of 1,000 steps / paulrun check", whole / peer, None
    else:
        print("paulrun is not installed (it needs Python 3.12): its part is left out")


def _linearity() -> Iterator[tuple[str, float, float | None]]:
    reader = MarkdownIt("commonmark")
    for steps, prose in ((10_000, 3), (1000, 35)):
        large, small = document(steps, prose), document(steps // 10, prose)
        ours = _inside(partial(_judge, large)), _inside(partial(_judge, small))
        bare = _inside(partial(reader.parse, large))
        print(
            f"{steps} steps, {len(large) / 1e6:.1f} MB: {ours[0]:.2f} s, a tenth of them {ours[1]:.2f} s, "
            f"bare markdown-it-py {bare:.2f} s"
        )
        yield (
            f"a step of {steps} / a step of {steps // 10}, parse and static checks",
            ours[0] / ours[1] / 10,
            LINEAR_LIMIT,
        )
        yield f"parse and static checks of {steps} steps / bare markdown-it-py", ours[0] / bare, CHECK_LIMIT


def _judge(text: str) -> None:
    recipe, faults = survey("large.md", text.encode())
    assert not faults
    assert not check(recipe, actions={}, preconditions={})


def _inside(work: Callable[[], object]) -> float:
    """Return the seconds of the faster of two tries."""
    times = []
    for _ in range(2):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def _process(argv: list[str], *, rounds: int = ROUNDS) -> float:
    """Return the seconds of the fastest of several processes, which others on the machine have disturbed least."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
