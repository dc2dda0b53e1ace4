"""The tiny family: three packages made on the spot, for rehearsals and tests.

Whatever suite the definition names is served by a local archive that is generated for the build: a base with the
suite's name, busybox with an init that tells what it is and switches the machine off, and Debian's cloud kernel
(NVMe and ext4 are built in, so it needs no ramdisk). Only kernel and busybox are fetched, once, from Debian's archive.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from builders.distros.base import Bootstrap
from builders.images.definition import Definition
from builders.images.model import Misfit
from builders.workshop.apt import PrivateApt, becoming
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.machine import DEBIAN_KEYRING, debian_sources, machine_sources
from builders.workshop.sources import Source
from builders.workshop.tools import Tool

DONOR = "bookworm"
APPLETS = ("sh", "mount", "echo", "uname", "cat", "ls", "poweroff", "sleep", "ip", "udhcpc", "mkdir", "hostname")
PACKAGES = ("tiny-base", "tiny-busybox", "tiny-kernel")

_CONTROL = """\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: recipe-runner <root@localhost>
Essential: yes
Priority: required
Section: misc
Description: {name} of the tiny {codename}
"""


class Tiny:
    """A few megabytes that boot in seconds."""

    name = "tiny"
    summary = "busybox and a kernel under any suite's name, for rehearsals"

    def tools(self, definition: Definition) -> Sequence[Tool]:
        """Return the keys of the archive that kernel and busybox come from."""
        del definition
        return (Tool(DEBIAN_KEYRING, "debian-archive-keyring", "file"),)

    def misfits(self, definition: Definition) -> Iterable[Misfit]:
        """There is nothing to choose in it."""
        for key in ("kernel", "packages", "remove", "tasks", "debconf", "locale", "timezone"):
            if getattr(definition, key):
                yield Misfit((key,), f"distribution `tiny` takes no `{key}`", "remove it")

    def bootstrap(self, bench: Bench) -> Bootstrap:
        """Ask for all that is in the generated archive."""
        return Bootstrap(
            variant="custom",
            mode="chrootless",
            packages=PACKAGES,
            sources=[
                Source(f"copy://{quote(str(_archive(bench)))}", bench.definition.codename, ("main",), trusted=True)
            ],
            files={"etc/apt/sources.list": b""},
            init="sysv",
            ramdisk=False,
        )

    def preparation(self, bench: Bench) -> Sequence[Argv]:
        """Each package is packed by one command."""
        return [_pack_command(bench, name) for name in PACKAGES]

    def prepare(self, bench: Bench) -> None:
        """Generate the archive."""
        make_archive(bench, donor(bench))


def make_archive(bench: Bench, donor: Path) -> None:
    """Make the three packages and an archive of them in a new directory on the bench."""
    codename, architecture = bench.definition.codename, bench.definition.architecture
    archive = _archive(bench)
    (archive / "pool").mkdir(parents=True)
    roots = {name: bench.work / name for name in PACKAGES}
    _base(roots["tiny-base"], bench.definition)
    _busybox(roots["tiny-busybox"], donor / "busybox")
    _kernel(roots["tiny-kernel"], donor)
    index = ""
    for name, root in roots.items():
        control = _CONTROL.format(name=name, version=bench.serial, architecture=architecture, codename=codename)
        _write(root / "DEBIAN/control", control)
        bench.commands.run(*_pack_command(bench, name))
        package = _package(bench, name)
        index += f"{control}Filename: pool/{package.name}\n{_checks(package.read_bytes())}\n"
    listing = f"main/binary-{architecture}/Packages"
    suite = archive / "dists" / codename
    _write(suite / listing, index)
    packed = index.encode()
    _write(
        suite / "Release",
        f"Origin: Tiny\nSuite: {codename}\nCodename: {codename}\nArchitectures: {architecture}\nComponents: main\n"
        f"SHA256:\n {hashlib.sha256(packed).hexdigest()} {len(packed)} {listing}\n",
    )


def _archive(bench: Bench) -> Path:
    return bench.work / "archive"


def _package(bench: Bench, name: str) -> Path:
    return _archive(bench) / "pool" / f"{name}_{bench.serial}_{bench.definition.architecture}.deb"


def _pack_command(bench: Bench, name: str) -> Argv:
    packed = _package(bench, name)
    return ("dpkg-deb", "--root-owner-group", "-Znone", "--build", bench.work / name, packed)


def donor(bench: Bench) -> Path:
    """Return the directory with `vmlinuz-<version>` and `busybox`, fetched from Debian when it is not there yet."""
    home = bench.cache / "tiny" / f"{DONOR}-{bench.definition.architecture}"
    if home.is_dir():
        return home
    bench.progress.note(f"fetching Debian's cloud kernel and busybox once, into {home}")
    architecture, sources = bench.definition.architecture, debian_sources(DONOR, ("main",), machine_sources())
    with becoming(home) as ready:
        apt, root = PrivateApt(ready.with_name("apt"), sources, bench.commands, architecture), ready.with_name("root")
        apt.update()
        (image,) = [
            name for name in apt.depends(f"linux-image-cloud-{architecture}") if name.startswith("linux-image-")
        ]
        for package in apt.download(image, "busybox-static"):
            bench.commands.run("dpkg-deb", "--extract", package, root)
        (kernel,) = (root / "boot").glob("vmlinuz-*")
        kernel.rename(ready / kernel.name)
        (root / "bin/busybox").rename(ready / "busybox")
    return home


def _base(root: Path, definition: Definition) -> None:
    _write(
        root / "etc/lsb-release",
        f'DISTRIB_ID=Tiny\nDISTRIB_CODENAME={definition.codename}\nDISTRIB_DESCRIPTION="{definition.title}"\n',
    )
    _write(root / "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    _write(root / "etc/group", "root:x:0:\n")
    _write(root / "etc/shadow", "root:*:14539:0:99999:7:::\n")
    (root / "etc/shadow").chmod(0o640)


def _busybox(root: Path, busybox: Path) -> None:
    for folder in ("bin", "sbin", "proc", "sys", "dev", "tmp", "root", "run"):
        (root / folder).mkdir(parents=True)
    shutil.copyfile(busybox, root / "bin/busybox")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    _write(root / "sbin/init", (files("builders.distros") / "tiny-init.sh").read_text("utf-8"))
    for program in ("bin/busybox", "sbin/init"):
        (root / program).chmod(0o755)


def _kernel(root: Path, donor: Path) -> None:
    (kernel,) = donor.glob("vmlinuz-*")
    (root / "boot").mkdir(parents=True)
    shutil.copyfile(kernel, root / "boot" / kernel.name)
    (root / "vmlinuz").symlink_to(f"boot/{kernel.name}")


def _checks(package: bytes) -> str:
    return f"Size: {len(package)}\nSHA256: {hashlib.sha256(package).hexdigest()}\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
