"""What this machine knows of its own distribution: its codename and its archive's mirrors."""

from __future__ import annotations

import platform
from pathlib import Path
from urllib.parse import urlsplit

from builders.workshop.sources import Source, parse_deb822, parse_list

APT = Path("/etc/apt")
DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEBIAN_MIRROR = "http://deb.debian.org/debian"
DEBIAN_SECURITY = "http://deb.debian.org/debian-security"
_COMPONENTS = frozenset({"main", "contrib", "non-free", "non-free-firmware"})


def machine_codename() -> str | None:
    """Return the suite this machine runs (`bookworm`), or None where it does not say."""
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME")
    except OSError:
        return None


def machine_sources(apt: Path = APT) -> list[Source]:
    """Return every enabled binary archive of this machine's apt, third parties' included."""
    found: list[Source] = []
    lists = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    for path in lists:
        if path.is_file():
            found += parse_list(path.read_text("utf-8", "replace"))
    for path in sorted((apt / "sources.list.d").glob("*.sources")):
        found += parse_deb822(path.read_text("utf-8", "replace"))
    return found


def debian_sources(codename: str, components: tuple[str, ...], known: list[Source]) -> list[Source]:
    """Return where to fetch a Debian suite: this machine's own entries for it, or the default mirror.

    Of `known` only the Debian archive's entries for the suite, its updates and its security suite count: a third
    party's repository, even one that uses the suite's name, never gets into an image. Every entry is bound to
    Debian's archive keys, so that a mistake here ends in a refused signature.
    """
    suites = {codename, f"{codename}-updates", f"{codename}-security"}
    chosen = [s for s in known if s.suite in suites and of_debian(s)]
    if not any(s.suite == codename for s in chosen):
        chosen = default_sources(codename, components)
    return [Source(s.uri, s.suite, components, DEBIAN_KEYRING) for s in dict.fromkeys(chosen)]


def default_sources(codename: str, components: tuple[str, ...]) -> list[Source]:
    """Return the entries that a fresh Debian system has."""
    return [
        Source(DEBIAN_MIRROR, codename, components),
        Source(DEBIAN_MIRROR, f"{codename}-updates", components),
        Source(DEBIAN_SECURITY, f"{codename}-security", components),
    ]


def backports(codename: str, known: list[Source]) -> Source:
    """Return the suite's backports on the mirror that this machine uses."""
    (main, *_) = [s for s in debian_sources(codename, ("main",), known) if s.suite == codename]
    return Source(main.uri, f"{codename}-backports", ("main",), DEBIAN_KEYRING)


def of_debian(source: Source) -> bool:
    """Say whether an entry is of Debian's own archive, by its components, key or address."""
    if not set(source.components) <= _COMPONENTS:
        return False
    if source.signed_by:
        return Path(source.signed_by).name.startswith("debian-archive-")
    return any(part in {"debian", "debian-security"} for part in urlsplit(source.uri).path.split("/"))
