"""Where machines have their disks and keys while they run."""

from __future__ import annotations

import os
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from builders.claims import claimed


def workplace() -> AbstractContextManager[Path]:
    """Give a private directory that is removed at the end, also after a kill, by the next machine of this user."""
    return claimed(Path(tempfile.gettempdir()), f"recipe-boot-{os.getuid()}-")
