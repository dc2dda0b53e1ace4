from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from recipe_runner.engine.remote import courier
from recipe_runner.engine.remote.courier import LostError, Supervisor
from recipe_runner.engine.remote.errand import Errand, Findings
from recipe_runner.engine.remote.prepared import COURIER
from recipe_runner.memory import content, memory


@contextmanager
def host(code: str) -> Iterator[Supervisor]:
    """Speak to a host that does not run `supervise.sh`, but this."""
    with subprocess.Popen(["bash", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Supervisor(process, b"mark", process.stdin, process.stdout)
        process.kill()


@pytest.mark.parametrize("sizes", ["1", "x y z", "0 0 -2", "9999999999999999999999 0 0", "9 0 0"])
def test_a_host_that_says_nonsense_is_lost(sizes: str) -> None:
    """What is no result, and one that is never given, is told from a result without a traceback."""
    with host(f"read -r; echo mark result {sizes}; exec >&-; cat") as supervisor, pytest.raises(LostError):
        supervisor.results()


def test_a_host_that_says_too_much_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that never stops fills no memory."""
    monkeypatch.setattr(courier, "MOST", 1 << 20)
    with host("yes") as supervisor, pytest.raises(LostError):
        supervisor.wait_for(b"ready")


def test_a_host_that_names_no_directory_is_unfit() -> None:
    """Its answer becomes part of a command there, so only a plain path is taken."""
    code = "IFS= read -r -d '' text; echo \"${text: -32} ready /tmp/x; touch y\"; cat >/dev/null"
    with memory() as result:
        errand = Errand(("bash", "-c", code), ("false",), "", "", "", lifeline=result, result=result)
        with memory(errand.to_text()) as given:
            argv = (sys.executable, "-m", COURIER, str(given))
            done = subprocess.run(argv, pass_fds=(given, result), capture_output=True, check=True)
        assert Findings.from_bytes(content(result)).state == "unreached"
    assert b"cannot run steps: /tmp/x; touch y; nothing was run there" in done.stderr


def test_results_are_taken_apart() -> None:
    """Three parts of the sizes that were said; an output that is no file is none."""
    with host("read -r; printf 'mark result -1 2 3\\nabcde'; cat") as supervisor:
        assert supervisor.results() == (None, b"ab", b"cde")
