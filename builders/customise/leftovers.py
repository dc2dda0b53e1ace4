"""What must not stay in a root: traces of the build, secrets that every machine must make for itself; pure."""

from __future__ import annotations

import re

HOOKS = ".image-hooks"
"""The directory in the root that holds hooks while they are run."""
_REMOVED = re.compile(
    rf"""(?x)
    {re.escape(HOOKS)}(/.*)?
    | etc/ssh/ssh_host_[^/]*
    | etc/(apt/apt\.conf|dpkg/dpkg\.cfg)\.d/99mmdebstrap
    | (tmp|var/tmp|run|var/run)/.+
    | root/\.(bash_history|wget-hsts|lesshst|python_history)
    | var/lib/dbus/machine-id
    | var/lib/systemd/(random-seed|credential\.secret|catalog/database)
    | var/lib/dpkg/[^/]*-old
    | var/lib/apt/lists/(?!lock$|partial$|auxfiles$)[^/]+
    | var/lib/apt/lists/partial/.+
    | var/cache/ldconfig/aux-cache
    | var/cache/apt/[^/]*\.bin
    | var/cache/apt/archives/(partial/)?[^/]+\.deb
    | var/cache/debconf/[^/]*-old
    | var/log/.*\.log(\.\d+)?(\.gz)?
    | var/log/apt/.+
    | var/log/journal(/.*)?
    """
)
EMPTIED = frozenset(
    {
        "etc/machine-id",
        "var/log/lastlog",
        "var/log/wtmp",
        "var/log/btmp",
        "var/log/faillog",
    }
)
"""Files that stay, without content: programs expect them."""


def is_left_over(path: str) -> bool:
    """Say whether the file at this path must go."""
    return _REMOVED.fullmatch(path) is not None
