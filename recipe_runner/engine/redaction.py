"""Secrets removed from bytes before anybody sees or stores them."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = b"[secret]"
SHORTEST = 3
"""Shorter secrets are refused by `resolve`: removing them would destroy every output and hide nothing."""


def encodings(secret: str) -> set[bytes]:
    """Return how a secret usually shows: plain, hex, base64 at each alignment, URL, JSON, shell-quoted."""
    raw = secret.encode("utf-8", "surrogateescape")
    forms = {raw, raw.hex().encode(), raw.hex().upper().encode()}
    forms |= {quote(secret, safe="").encode(), quote(secret).encode(), quote_plus(secret).encode()}
    forms |= {
        json.dumps(secret)[1:-1].encode(),
        json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "replace"),
    }
    forms |= {shlex.quote(secret).strip("'").encode("utf-8", "surrogateescape")}
    forms |= {line for line in raw.splitlines() if len(line) >= 2 * SHORTEST}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            whole = encode(b"\0" * offset + raw)
            skipped = -(-offset * 8 // 6)
            inner = whole[skipped : (offset + len(raw)) * 8 // 6]
            forms.add(inner)
    return {form for form in forms if len(form) >= SHORTEST}


class Redactor:
    """Knows the secrets of a run."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = sorted({form for s in secrets for form in encodings(s)}, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, forms))) if forms else None
        self._prefixes = frozenset(form[:end] for form in forms for end in range(1, len(form)))
        self._longest = len(forms[0]) if forms else 0

    def clean(self, data: bytes) -> bytes:
        """Return the bytes with every secret masked."""
        return self._pattern.sub(MASK, data) if self._pattern else data

    def text(self, text: str) -> str:
        """Return the text with every secret masked."""
        return self.clean(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def stream(self) -> RedactedStream:
        """Return a cleaner for one stream of chunks."""
        return RedactedStream(self)

    def held_from(self, data: bytes) -> int:
        """Return where the end of `data` begins that may still become a secret; its length where there is none."""
        for start in range(max(0, len(data) - self._longest + 1), len(data)):
            if data[start:] in self._prefixes:
                return start
        return len(data)

    def masked_until(self, data: bytes, end: int) -> tuple[bytes, int]:
        """Mask the secrets that begin before `end`; return the bytes and where the rest of `data` begins."""
        if self._pattern is None:
            return data, len(data)
        done: list[bytes] = []
        start = 0
        for match in self._pattern.finditer(data):
            if match.start() >= end:
                break
            done += [data[start : match.start()], MASK]
            start = match.end()
        rest = max(start, end)
        return b"".join([*done, data[start:rest]]), rest


class RedactedStream:
    """Cleans a stream chunk by chunk; bytes that may be the beginning of a secret are held until the rest is seen."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take a chunk; return what can be shown now."""
        data = self._held + data
        shown, rest = self._redactor.masked_until(data, self._redactor.held_from(data))
        self._held = data[rest:]
        return shown

    def end(self) -> bytes:
        """Return what is left when the stream is over."""
        held, self._held = self._held, b""
        return self._redactor.clean(held)
