from __future__ import annotations

import pytest

from recipe_runner.engine.remote.errand import Findings


@pytest.mark.parametrize(
    ("status", "state", "exit_code", "signal"),
    [
        ("wait 0", "over", 0, None),
        ("wait 65280", "over", 255, None),
        ("wait 9", "over", None, "SIGKILL"),
        ("wait 139", "over", None, "SIGSEGV"),
        ("code 7", "over", 7, None),
        ("code 137", "over", None, "SIGKILL"),
        ("code 255", "over", 255, None),
        ("code 256", "lost", None, None),
        ("wait 65536", "lost", None, None),
        ("wait 2560000000000000000000", "lost", None, None),
        ("code " + "9" * 5000, "lost", None, None),
        ("code ¼", "lost", None, None),
        ("code -1", "lost", None, None),
        ("", "lost", None, None),
    ],
)
def test_a_status_is_what_wait_or_a_shell_can_say(
    status: str, state: str, exit_code: int | None, signal: str | None
) -> None:
    """A code is a signal only where there is such a signal; what no process can end with is no end at all."""
    assert Findings.of_status(status) == Findings(state, exit_code, signal)  # type: ignore[arg-type]


@pytest.mark.parametrize("output", [None, b"", b"a=1\n"])
def test_findings_come_back_as_they_were_written(output: bytes | None) -> None:
    """Also that the output file was none."""
    findings = Findings("over", 3, None, output, b"state\0", b"A=1\0")
    assert Findings.from_bytes(findings.to_bytes()) == findings
