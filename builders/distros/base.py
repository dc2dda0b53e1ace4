"""What a distribution family is: it knows its archive, what it needs besides packages, and how a root is finished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from builders.images.definition import Definition
from builders.images.model import Misfit
from builders.workshop.bench import Bench
from builders.workshop.command import Argv
from builders.workshop.sources import Source
from builders.workshop.tools import Tool

Init = Literal["systemd", "sysv"]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What mmdebstrap is asked for, and what is done in the root it makes.

    The hooks are POSIX shell with the root's path in `$1`; `files` are written when all packages are there, by
    path in the image; `init` starts the services; `ramdisk` says whether the kernel is expected to have one.
    """

    variant: Literal["apt", "custom"]
    packages: Sequence[str]
    sources: Sequence[Source]
    files: Mapping[str, bytes]
    init: Init = "systemd"
    apt_options: Sequence[str] = ()
    mode: Literal["auto", "chrootless"] = "auto"
    essential_hooks: Sequence[str] = ()
    customize_hooks: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    ramdisk: bool = True


class Distribution(Protocol):
    """A family of distributions; other packages add theirs to the entry-point group `builders.distros`."""

    @property
    def name(self) -> str:
        """The word in a definition's `distribution`."""
        ...

    @property
    def summary(self) -> str:
        """One line for people."""
        ...

    def tools(self, definition: Definition) -> Sequence[Tool]:
        """Say what it needs on the build machine besides the builder's own tools."""
        ...

    def misfits(self, definition: Definition) -> Iterable[Misfit]:
        """Say what this family cannot build of a definition; touches nothing."""
        ...

    def bootstrap(self, bench: Bench) -> Bootstrap:
        """Say how the root is made; touches nothing."""
        ...

    def preparation(self, bench: Bench) -> Sequence[Argv]:
        """Say what `prepare` runs in every build; touches nothing."""
        ...

    def prepare(self, bench: Bench) -> None:
        """Make what the bootstrap needs on the bench; may fetch into the bench's cache."""
        ...
