"""Languages that need nothing to be made for them."""

from __future__ import annotations

NEUTRAL = frozenset({None, "C.UTF-8"})
