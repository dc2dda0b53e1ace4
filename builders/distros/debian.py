"""Debian suites, from the machine's own mirror where it has one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from builders.build.bench import Bench
from builders.build.command import Argv
from builders.build.tools import Tool
from builders.distros.base import Bootstrap
from builders.distros.machine import DEBIAN_KEYRING, debian_sources, default_sources, machine_sources
from builders.images.definition import Definition
from builders.images.model import Misfit


class Debian:
    """Debian 12 and later."""

    name = "debian"
    summary = "a Debian suite"
    tools = (Tool(DEBIAN_KEYRING, "debian-archive-keyring", "file"),)

    def misfits(self, definition: Definition) -> Iterable[Misfit]:
        """Debian has several kernels: the definition says which."""
        if definition.kernel is None:
            yield Misfit(("kernel",), "key `kernel` is missing", 'add `kernel = "linux-image-cloud-amd64"`')

    def bootstrap(self, bench: Bench) -> Bootstrap:
        """Ask for the essential packages, apt, the kernel and what the definition lists."""
        definition = bench.definition
        hooks = ["debian-finish.sh"] if definition.documentation else ["debian-finish.sh", "debian-strip.sh"]
        essential = (
            ["debian-initramfs.sh"] if definition.documentation else ["debian-initramfs.sh", "debian-exclude.sh"]
        )
        return Bootstrap(
            variant="apt",
            packages=(*filter(None, [definition.kernel]), *definition.packages),
            sources=debian_sources(definition.codename, definition.archive.components, machine_sources()),
            files=_files(definition),
            essential_hooks=[_script(name) for name in essential],
            customize_hooks=[_script(name) for name in hooks],
            environ={"INITRD": "No"},
        )

    def preparation(self, bench: Bench) -> Sequence[Argv]:
        """Nothing: the archive is there already."""
        return ()

    def prepare(self, bench: Bench) -> None:
        """Nothing is needed on the bench."""


def _files(definition: Definition) -> dict[str, str]:
    archive = default_sources(definition.codename, definition.archive.components)
    return {
        "etc/apt/sources.list": "".join(f"{source}\n" for source in archive),
        "etc/fstab": f"LABEL={definition.disk.label} / ext4 {definition.disk.options} 0 1\n",
        "etc/hostname": f"{definition.codename}\n",
        "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {definition.codename}\n::1 localhost ip6-localhost\n",
    }


def _script(name: str) -> str:
    return Path(str(files("builders.distros") / name)).read_text("utf-8")
