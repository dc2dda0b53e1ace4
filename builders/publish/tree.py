"""The tree: where builds and releases stand, and how they get there whole.

Layout and file names follow Ubuntu's cloud image server (cloud-images.ubuntu.com): dailies in
`server/<codename>/<serial>/`, releases in `server/releases/<codename>/release[-<milestone>]-<serial>/`.
A reader of the tree never sees a half-made directory or a missing link.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builders.claims import claimed
from recipe_runner.claims import held
from recipe_runner.durable import sync_directory
from recipe_runner.errors import RecipeError, UnmetError, UsageError
from recipe_runner.sanitise import line

STAGING = ".staging-"
SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.gpg"
BUILD_INFO = "build-info.txt"


@dataclass(frozen=True, slots=True)
class Names:
    """The file names of one build, relative to its serial directory."""

    codename: str
    architecture: str
    build: str = "server"
    disk: str = ""

    @property
    def prefix(self) -> str:
        """The part every name starts with; a disk that does not boot adds its own name."""
        return f"{self.codename}-{self.build}-cloudimg-{self.architecture}{'-' if self.disk else ''}{self.disk}"

    @property
    def image(self) -> str:
        """The compressed qcow2 disk, for people and private clouds."""
        return f"{self.prefix}.img"

    @property
    def raw(self) -> str:
        """The sparse raw disk: the bytes that are published to EC2, so that the signed sums cover them."""
        return f"{self.prefix}.raw"

    @property
    def vmdk(self) -> str:
        """The disk as VMware's stream-optimised VMDK."""
        return f"{self.prefix}.vmdk"

    @property
    def vhd(self) -> str:
        """The disk as a VHD of fixed size, the form that Azure takes."""
        return f"{self.prefix}.vhd"

    @property
    def tarball(self) -> str:
        """Filesystem image, kernel and ramdisk in one gzipped tar."""
        return f"{self.prefix}.tar.gz"

    @property
    def filesystem(self) -> str:
        """The root's ext4 image alone, sparse."""
        return f"{self.prefix}.ext4"

    @property
    def squashfs(self) -> str:
        """The root as a squashfs image."""
        return f"{self.prefix}.squashfs"

    def root(self, compression: Literal["gz", "xz"]) -> str:
        """Return the name of the root's tarball."""
        return f"{self.prefix}-root.tar.{compression}"

    @property
    def manifest(self) -> str:
        """The installed packages, `name TAB version`."""
        return f"{self.prefix}.manifest"

    @property
    def licences(self) -> str:
        """The copyright files of all packages."""
        return f"{self.prefix}.licences.tar.gz"

    @property
    def file_list(self) -> str:
        """Every file of the root with its mode, owner, size and sha256."""
        return f"{self.prefix}.files"

    @property
    def inspection(self) -> str:
        """What the checks of the root's characteristics found when it was made."""
        return f"{self.prefix}.inspection.json"

    @property
    def spdx(self) -> str:
        """The bill of materials as SPDX."""
        return f"{self.prefix}.spdx.json"

    @property
    def cyclonedx(self) -> str:
        """The bill of materials as CycloneDX."""
        return f"{self.prefix}.cdx.json"

    @property
    def provenance(self) -> str:
        """What the files were made from."""
        return f"{self.prefix}.provenance.json"

    @property
    def run(self) -> str:
        """Provenance of the checksums: when and with which tools they were made. Not summed."""
        return f"{self.prefix}.run.json"

    @property
    def log(self) -> str:
        """What the tools said while the build was made. Not summed."""
        return f"{self.prefix}.build.log"

    def kernel(self, flavour: str) -> str:
        """Return the unpacked kernel's name."""
        return f"unpacked/{self.prefix}-vmlinuz-{flavour}"

    def ramdisk(self, flavour: str) -> str:
        """Return the unpacked ramdisk's name."""
        return f"unpacked/{self.prefix}-initrd-{flavour}"


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree under `root`; paths are made from checked words only, so none can lead out of it."""

    root: Path

    def daily(self, codename: str, serial: str, build: str = "server") -> Path:
        """Return the directory of a daily build; raises UsageError for a malformed word."""
        return self.root / _build(build) / _codename(codename) / _serial(serial)

    def release(self, codename: str, milestone: str | None, serial: str) -> Path:
        """Return the directory of a milestone (`alpha-3`, `beta`) or, without one, of the final release."""
        label = f"release-{_milestone(milestone)}" if milestone else "release"
        return self.root / "server" / "releases" / _codename(codename) / f"{label}-{_serial(serial)}"

    @contextmanager
    def staging(self, final: Path) -> Iterator[Path]:
        """Give an empty directory that becomes `final`, synced and whole, when the block ends without an error.

        It stands beside `final` and is removed when the block fails; what a killed process left there is swept
        away by the next one. Raises UnmetError when `final` exists already, for a serial is never changed, and when
        somebody else is making it now.
        """
        with ExitStack() as stack:
            try:
                final.parent.mkdir(parents=True, exist_ok=True)
                _refuse_existing(final)
                if held(final.parent, f"{STAGING}{final.name}-"):
                    raise UnmetError.because(f"`{final}` is being made now", hint="wait for the end of the other run")
                staged = stack.enter_context(claimed(final.parent, STAGING, final.name))
            except OSError as fault:
                raise _unwritable(final.parent, fault) from fault
            yield staged
            _publish(staged, final)

    def link(self, name: str, target: Path) -> Path:
        """Make `name` beside the directory `target` a link to it, in one step, and return the link's path."""
        if not target.is_dir():
            raise UnmetError.because(f"`{target}` is not a directory to link to")
        link = target.parent / name
        if link.is_dir() and not link.is_symlink():
            raise UnmetError.because(f"`{link}` is a directory, not a link", hint="move it out of the way")
        try:
            with tempfile.TemporaryDirectory(prefix=".link-", dir=target.parent) as aside:
                fresh = Path(aside) / name
                fresh.symlink_to(target.name)
                fresh.rename(link)
            sync_directory(target.parent)
        except OSError as fault:
            raise _unwritable(link, fault) from fault
        return link


def _publish(staged: Path, final: Path) -> None:
    try:
        for folder, _, files in os.walk(staged, topdown=False):
            for name in files:
                path = Path(folder, name)
                path.chmod(0o644)
                with path.open("rb") as stream:
                    os.fsync(stream.fileno())
            Path(folder).chmod(0o755)
            sync_directory(Path(folder))
        staged.rename(final)
        sync_directory(final.parent)
    except OSError as fault:
        if fault.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            _refuse_existing(final)
        raise _unwritable(final, fault) from fault


def _refuse_existing(final: Path) -> None:
    if os.path.lexists(final):
        raise UnmetError.because(
            f"`{final}` exists already, and a serial is never changed", hint="choose another serial"
        )


def _unwritable(path: Path, fault: OSError) -> RecipeError:
    return RecipeError.because(f"cannot write `{path}`: {fault.strerror}")


def _word(kind: str, text: str, pattern: str, wanted: str) -> str:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise UsageError.because(f"{kind} `{line(text)}` is malformed, wanted {wanted}")
    return text


def _build(text: str) -> str:
    return _word("build", text, r"[a-z][a-z0-9-]*", "a word such as `server`")


def _codename(text: str) -> str:
    if text == "releases":
        raise UsageError.because("codename `releases` is the name of the tree's own folder")
    return _word("codename", text, r"[a-z][a-z0-9-]*", "a word such as `karmic`")


def _milestone(text: str) -> str:
    return _word("milestone", text, r"[a-z0-9][a-z0-9.-]*", "a word such as `alpha-3`")


def _serial(text: str) -> str:
    return _word("serial", text, r"\d{8}(\.[1-9]\d*)?", "`YYYYMMDD` or `YYYYMMDD.N`")
