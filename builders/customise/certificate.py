"""The machine's own certificate, as Debian's package ssl-cert makes it when it is installed: with the key, for servers.

In an image it would be one key for all machines, and name the build machine; so it is taken out, and made by each
machine when that first starts. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from builders.archive import Member
from builders.customise.entry import Entry, link, text
from builders.distros.base import Init

MAKER = "usr/sbin/make-ssl-cert"
UNIT = "ssl-cert.service"
_PAIR = frozenset({"etc/ssl/private/ssl-cert-snakeoil.key", "etc/ssl/certs/ssl-cert-snakeoil.pem"})


def certificate(members: Mapping[str, Member], init: Init) -> Iterator[Entry]:
    """Give what makes the certificate at the start of a machine that has none."""
    if _makes(members, init):
        unit = Path(str(files("builders.customise") / UNIT)).read_text("utf-8")
        yield text(f"lib/systemd/system/{UNIT}", unit)
        yield link(f"etc/systemd/system/multi-user.target.wants/{UNIT}", f"/lib/systemd/system/{UNIT}")


def certificate_paths(members: Mapping[str, Member], init: Init) -> frozenset[str]:
    """Return what must go: key, certificate, and the links that are named after its digest."""
    if not _makes(members, init):
        return frozenset()
    names = {path.rpartition("/")[2] for path in _PAIR}
    links = (path for path, member in members.items() if member.kind == "symlink" and member.target in names)
    return _PAIR | {path for path in links if path.startswith("etc/ssl/certs/")}


def _makes(members: Mapping[str, Member], init: Init) -> bool:
    return MAKER in members and init == "systemd"
