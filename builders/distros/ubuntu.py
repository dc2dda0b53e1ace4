"""Ubuntu: releases of today, and those whose archive is a museum, with the keys and the init of their time."""

from __future__ import annotations

from builders.distros.apt_family import AptFamily, Release
from builders.distros.archives import Archives
from builders.images.archive import Pocket
from builders.images.definition import Definition

KEYRING = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
PRIMARY = "http://archive.ubuntu.com/ubuntu"
SECURITY = "http://security.ubuntu.com/ubuntu"
PORTS = "http://ports.ubuntu.com/ubuntu-ports"
OLD = "http://old-releases.ubuntu.com/ubuntu"
POCKETS: dict[Pocket, str] = {
    "updates": "-updates",
    "security": "-security",
    "backports": "-backports",
    "proposed": "-proposed",
}
HISTORICAL = {
    "hardy": "linux-server",
    "intrepid": "linux-server",
    "jaunty": "linux-server",
    "karmic": "linux-server",
    "lucid": "linux-virtual",
    "maverick": "linux-virtual",
    "natty": "linux-virtual",
    "oneiric": "linux-virtual",
    "precise": "linux-virtual",
    "quantal": "linux-virtual",
    "raring": "linux-virtual",
    "saucy": "linux-virtual",
    "trusty": "linux-virtual",
    "utopic": "linux-virtual",
}
"""Releases before systemd, and the kernel that servers had."""
SHA1 = ('APT::Hashes::SHA1::Untrusted "false"', 'APT::Hashes::SHA1::Weak "true"')
"""Their indexes are signed over SHA-1, which apt of today takes for broken unless it is told."""


class Ubuntu(AptFamily):
    """Every Ubuntu since 8.04."""

    name = "ubuntu"
    summary = "an Ubuntu release, historical ones too"

    def release(self, definition: Definition) -> Release:
        """Return the facts."""
        if definition.codename in HISTORICAL:
            return Release(
                self._archives(OLD, OLD),
                kernel=HISTORICAL[definition.codename],
                task="{}^",
                init="sysv",
                compression="gzip",
                apt_options=SHA1,
                own_keyring=True,
            )
        mirrors = (PRIMARY, SECURITY) if definition.architecture == "amd64" else (PORTS, PORTS)
        return Release(self._archives(*mirrors), kernel="linux-virtual", task="{}^")

    @staticmethod
    def _archives(mirror: str, security: str) -> Archives:
        return Archives(
            mirror=mirror,
            security=security,
            keyring=KEYRING,
            keyring_package="ubuntu-keyring",
            snapshot_url="https://snapshot.ubuntu.com/{archive}/{snapshot}",
            names=("ubuntu", "ubuntu"),
            pockets=POCKETS,
        )
