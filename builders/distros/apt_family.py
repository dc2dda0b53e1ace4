"""What Debian and Ubuntu have in common: how a root is asked of mmdebstrap and what is done in it; by facts of each."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from builders.distros.archives import Archives, image_files, repositories
from builders.distros.base import Bootstrap, Init
from builders.distros.keys import keep_key, key_name
from builders.images.definition import Definition
from builders.images.fstab import fstab
from builders.images.locales import NEUTRAL
from builders.images.model import Misfit
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.sources import Source
from builders.workshop.tools import Tool


@dataclass(frozen=True, slots=True)
class Release:
    """What is special about one release: its archives, init, default kernel, how it names tasks, its apt's doubts."""

    archives: Archives
    kernel: str | None
    task: str
    init: Init = "systemd"
    compression: str = "zstd"
    apt_options: tuple[str, ...] = ()
    own_keyring: bool = False


class AptFamily(ABC):
    """A family whose members differ by facts only; `release` gives them for a codename."""

    name: str
    summary: str

    @abstractmethod
    def release(self, definition: Definition) -> Release:
        """Return the facts of a definition's release."""

    def known_sources(self, definition: Definition) -> list[Source]:
        """Return this machine's own entries for the release, where it is of this family."""
        del definition
        return []

    def tools(self, definition: Definition) -> Sequence[Tool]:
        """Return what checks keys, and the keyring where the definition brings none."""
        archives = self.release(definition).archives
        keyring = () if definition.archive.keyring else (Tool(archives.keyring, archives.keyring_package, "file"),)
        return (Tool("gpg", "gnupg"), *keyring)

    def misfits(self, definition: Definition) -> Iterable[Misfit]:
        """Say what is missing for this release."""
        release = self.release(definition)
        if definition.kernel is None and release.kernel is None:
            yield Misfit(("kernel",), "key `kernel` is missing", 'add `kernel = "linux-image-cloud-amd64"`')
        if release.own_keyring and definition.archive.keyring is None:
            yield Misfit(
                ("archive", "keyring"),
                f"`{definition.codename}` is signed by keys that no keyring of today has",
                "add `keyring` with the keys of its time, and pin their `fingerprints`",
            )
        for number, pocket in enumerate(definition.archive.pockets):
            if pocket not in release.archives.pockets and "pockets" in definition.archive.model_fields_set:
                yield Misfit(
                    ("archive", "pockets", number), f"`{definition.codename}` has no pocket `{pocket}`", "remove it"
                )

        for place, choice in definition.choices():
            wanted = choice.partition("/")[2]
            if wanted in definition.archive.pockets and wanted not in release.archives.pockets:
                yield Misfit(
                    place, f"`{definition.codename}` has no pocket `{wanted}`", "take it from the suite itself"
                )

    def bootstrap(self, bench: Bench) -> Bootstrap:
        """Ask for the essential packages, apt, the kernel and what the definition lists."""
        definition, release = bench.definition, self.release(bench.definition)
        archives = release.archives
        essential = ["debian-initramfs.sh", *(["debian-debconf.sh"] if definition.debconf else [])]
        finishing = ["debian-remove.sh"] if definition.remove else []
        if definition.locale not in NEUTRAL:
            finishing.append("debian-locale.sh")
        finishing.append("debian-finish.sh")
        if not definition.documentation:
            essential.append("debian-exclude.sh")
            finishing.append("debian-strip.sh")
        keyring = str(_keyring(bench)) if definition.archive.keyring else archives.keyring
        return Bootstrap(
            variant="apt",
            packages=(
                _asked(definition, archives, definition.kernel or release.kernel or ""),
                *(["locales"] if definition.locale not in NEUTRAL else []),
                *(["tzdata"] if definition.timezone else []),
                *(_asked(definition, archives, choice) for choice in definition.packages),
                *(release.task.format(task) for task in definition.tasks),
            ),
            sources=[
                replace(source, uri=re.sub("^file:", "copy:", source.uri))  # apt's `file` cannot be used from a chroot
                for source in (
                    *archives.build(definition, keyring, self.known_sources(definition)),
                    *repositories(definition.archive, lambda name: str(_keys(bench) / name)),
                )
            ],
            files={
                **image_files(archives, definition),
                "etc/fstab": fstab(definition).encode(),
                "etc/hosts": (
                    f"127.0.0.1 localhost\n127.0.1.1 {definition.host}\n::1 localhost ip6-localhost\n"
                ).encode(),
            },
            init=release.init,
            apt_options=release.apt_options,
            essential_hooks=[_script(name) for name in essential],
            customize_hooks=[_script(name) for name in finishing],
            environ={
                "INITRD": "No",
                "IMAGE_COMPRESSION": release.compression,
                "IMAGE_LOCALE": definition.locale or "",
                "IMAGE_REMOVE": " ".join(definition.remove),
                "IMAGE_DEBCONF": str(_debconf(bench)),
            },
        )

    def preparation(self, bench: Bench) -> Sequence[Argv]:
        """Nothing that is a command of its own: the archive is there already."""
        del bench
        return ()

    def prepare(self, bench: Bench) -> None:
        """Check the keys that the definition brings and put them where apt finds them."""
        archive = bench.definition.archive
        if archive.keyring:
            keep_key(archive.keyring, _keyring(bench), archive.fingerprints, bench.commands)
        for repository in archive.repositories:
            path = _keys(bench) / key_name(repository.name, repository.key)
            keep_key(repository.key, path, [repository.fingerprint], bench.commands)
        if bench.definition.debconf:
            _debconf(bench).write_bytes(bench.definition.debconf.content)


def _asked(definition: Definition, archives: Archives, choice: str) -> str:
    """Return a package as apt is asked for it, from the suite of its pocket where one is named."""
    name, slash, pocket = choice.partition("/")
    suites = {str(known): f"{definition.codename}{end}" for known, end in archives.pockets.items()}
    return f"{name}/{suites[pocket]}" if slash else name


def _keys(bench: Bench) -> Path:
    return bench.work / "keys"


def _keyring(bench: Bench) -> Path:
    key = bench.definition.archive.keyring
    return bench.work / "keyring" / (key_name("archive", key) if key else "")


def _debconf(bench: Bench) -> Path:
    return bench.work / "debconf"


def _script(name: str) -> str:
    return Path(str(files("builders.distros") / name)).read_text("utf-8")
