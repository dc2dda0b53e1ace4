"""Debian suites, from the machine's own mirror where it has one."""

from __future__ import annotations

from builders.distros.apt_family import AptFamily, Release
from builders.distros.archives import Archives
from builders.images.definition import Definition
from builders.workshop.machine import DEBIAN_KEYRING, DEBIAN_MIRROR, DEBIAN_SECURITY, machine_sources, of_debian
from builders.workshop.sources import Source

ROLLING = frozenset({"sid", "unstable", "experimental"})
"""Suites without pockets."""
TASKS = ('APT::Install-Recommends-Sections:: "tasks"',)
"""Most of a task is what its package recommends; tasksel installs that too, so whoever asks for a task means it."""


class Debian(AptFamily):
    """Debian 12 and later."""

    name = "debian"
    summary = "a Debian suite"

    def release(self, definition: Definition) -> Release:
        """Return the facts: Debian has several kernels, the definition says which."""
        archives = Archives(
            mirror=DEBIAN_MIRROR,
            security=DEBIAN_SECURITY,
            keyring=DEBIAN_KEYRING,
            keyring_package="debian-archive-keyring",
            snapshot_url="http://snapshot.debian.org/archive/{archive}/{snapshot}",
            names=("debian", "debian-security"),
            pockets={}
            if definition.codename in ROLLING
            else {
                "updates": "-updates",
                "security": "-security",
                "backports": "-backports",
                "proposed": "-proposed-updates",
            },
        )
        return Release(archives, kernel=None, task="task-{}", apt_options=TASKS if definition.tasks else ())

    def known_sources(self, definition: Definition) -> list[Source]:
        """Return this machine's entries of Debian's own archive, where they have the suite itself."""
        known = [source for source in machine_sources() if of_debian(source)]
        return known if any(source.suite == definition.codename for source in known) else []
