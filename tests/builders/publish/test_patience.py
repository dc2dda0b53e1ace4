from __future__ import annotations

import pytest

from builders.publish.patience import Patience

QUICK = Patience(limit=0.2, first=0.001, longest=0.01)


class Flaky:
    """Fails some times with an error, then gives its number of calls."""

    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, 0

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise TimeoutError
        return self.calls


def passes(fault: Exception) -> bool:
    return isinstance(fault, TimeoutError)


def test_a_passing_fault_is_waited_out() -> None:
    """The value of the first call that succeeds is returned."""
    assert QUICK.keep_trying(Flaky(3), passing=passes) == 4


def test_patience_ends() -> None:
    """After the limit the last fault is raised."""
    call = Flaky(1_000_000)
    with pytest.raises(TimeoutError):
        QUICK.keep_trying(call, passing=passes)
    assert call.calls > 1


def test_a_lasting_fault_is_raised_at_once() -> None:
    """A fault that asking again cannot mend is not repeated."""
    call = Flaky(3)
    with pytest.raises(TimeoutError):
        QUICK.keep_trying(call, passing=lambda _fault: False)
    assert call.calls == 1


def test_pauses_grow_up_to_their_bound() -> None:
    """The ceiling of the pauses doubles with each attempt until it is the longest one."""
    patience = Patience(first=1.0, longest=5.0)
    greatest = [max(patience.pause(attempt) for _ in range(500)) for attempt in (1, 2, 9)]
    assert greatest[0] <= 2.0 < greatest[1] <= 4.0 < greatest[2] <= 5.0
