"""Secrets removed from bytes before anybody sees or stores them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recipe_runner.engine.secrets.quarry import Quarry, Span

MASK = b"[secret]"
SHORTEST = 3
"""Characters; shorter secrets are refused by `resolve`: removing them would destroy every output and hide nothing."""


class Redactor:
    """Knows the secrets of a run."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._quarries = _quarries([secret for secret in secrets if len(secret) >= SHORTEST])
        self._most = max((quarry.reach for quarry in self._quarries), default=0)

    def clean(self, data: bytes) -> bytes:
        """Return the bytes with every secret masked."""
        return self._masked(data, self._spans(data), len(data))[0]

    def text(self, text: str) -> str:
        """Return the text with every secret masked."""
        return self.clean(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def reveals(self, text: str) -> bool:
        """Say whether a secret stands in the text."""
        return bool(self._spans(text.encode("utf-8", "surrogateescape")))

    def stream(self) -> RedactedStream:
        """Return a cleaner for one stream of chunks."""
        return RedactedStream(self)

    def settled(self, data: bytes) -> tuple[bytes, bytes]:
        """Mask what more bytes cannot change any more; return it, and the rest of `data` as it is."""
        spans = self._spans(data)
        end = held = min((quarry.held_from(data) for quarry in self._quarries), default=len(data))
        for start, stop in reversed(spans):
            if start < end < stop:
                end = start
        shown, rest = self._masked(data, spans, end if len(data) - end <= self._most else held)
        return shown, data[rest:]

    def _spans(self, data: bytes) -> list[Span]:
        """Return where secrets stand, in order; those that overlap as one."""
        spans: list[Span] = []
        for start, end in sorted(span for quarry in self._quarries for span in quarry.spans(data)):
            if spans and start < spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def _masked(self, data: bytes, spans: Iterable[Span], end: int) -> tuple[bytes, int]:
        """Mask the spans that begin before `end`; return the bytes and where the rest of `data` begins."""
        done: list[bytes] = []
        at = 0
        for start, stop in spans:
            if start >= end:
                break
            done += [data[at:start], MASK]
            at = stop
        rest = max(at, end)
        return b"".join([*done, data[at:rest]]), rest


class RedactedStream:
    """Cleans a stream chunk by chunk; bytes that may be the beginning of a secret are held until the rest is seen."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take a chunk; return what can be shown now."""
        shown, self._held = self._redactor.settled(self._held + data)
        return shown

    def end(self) -> bytes:
        """Return what is left when the stream is over."""
        held, self._held = self._held, b""
        return self._redactor.clean(held)


def _quarries(secrets: list[str]) -> list[Quarry]:
    if not secrets:
        return []
    from recipe_runner.engine.secrets.quarry import quarry  # noqa: PLC0415 - few runs have secrets

    return [quarry(secret) for secret in secrets]
