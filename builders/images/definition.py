"""Definitions: what an image is, written in TOML, checked whole before anything is built."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from builders.images.archive import Archive
from builders.images.attachment import File, Script
from builders.images.contents import CloudInit, CopiedFile, Hook, Limits, User
from builders.images.disks import Disk, ExtraDisk, clashes
from builders.images.model import Misfit, Model
from builders.images.words import (
    BootTest,
    Hostname,
    KernelArguments,
    Line,
    Locale,
    Package,
    PackageChoice,
    VariableName,
    Word,
)
from builders.images.zones import known_zone

Architecture = Literal["amd64", "arm64"]
BootMode = Literal["bios", "uefi"]
Output = Literal[
    "qcow2",
    "raw",
    "vmdk",
    "vhd",
    "filesystem",
    "squashfs",
    "root-tar.gz",
    "root-tar.xz",
    "bundle",
    "unpacked",
    "licences",
]
DEFAULT_OUTPUTS: tuple[Output, ...] = ("qcow2", "raw", "bundle", "unpacked")
TimeZone = Annotated[str, AfterValidator(known_zone)]


def _flavour(text: str) -> str:
    if text.endswith(("-amd64", "-arm64")) or text == "releases":
        raise ValueError("wanted a word that does not end in an architecture, nor `releases`")
    return text


Flavour = Annotated[Word, AfterValidator(_flavour)]


class Boot(Model):
    """How the image starts, and how a boot test knows that it did."""

    arguments: KernelArguments = Field(
        "console=tty0 console=ttyS0,115200n8 no_timer_check",
        description="kernel command line; the serial console is watched, and `no_timer_check` is for busy emulators",
    )
    marker: Line = Field("login:", description="text on the serial console that proves the machine is up")
    modes: tuple[BootMode, ...] = Field(
        ("bios", "uefi"), min_length=1, strict=False, description="firmware that can start it; `arm64` has only `uefi`"
    )
    test: tuple[BootTest, ...] = Field(
        (),
        strict=False,
        description="boots that a build must pass: a firmware or `direct`, with a datasource: `uefi:ec2`",
    )

    def misfits(self) -> Iterable[Misfit]:
        """Refuse tests under firmware that cannot start it."""
        for number, test in enumerate(self.test):
            firmware = test.partition(":")[0]
            if firmware != "direct" and firmware not in self.modes:
                yield Misfit(("test", number), f"`modes` has no `{firmware}` to test", f'add it, or remove "{test}"')


class Definition(Model):
    """One image: a distribution's suite, its packages, what is put into it and its disks."""

    distribution: str = Field(description="the family that knows the archive: a name in `builders.distros`")
    codename: Word = Field(description="the suite, and the folder in the tree: `karmic`, `bookworm`")
    flavour: Flavour = Field("server", description="the folder above it in the tree, and a part of the files' names")
    architecture: Architecture = Field("amd64", description="`amd64` or `arm64`")
    title: Line = Field(description="one line for people: shown in build-info.txt")
    kernel: PackageChoice | None = Field(None, description="the kernel's package, where there is no usual one")
    packages: tuple[PackageChoice, ...] = Field((), strict=False, description="installed besides the essential ones")
    remove: tuple[Package, ...] = Field((), strict=False, description="purged once all others are installed")
    tasks: tuple[Package, ...] = Field((), strict=False, description="tasks whose packages are installed")
    documentation: bool = Field(True, description="keep manual pages, translations and package documentation")
    debconf: File | None = Field(None, description="answers for package questions, as debconf-set-selections reads")
    locale: Locale | None = Field(None, description="the system's language; default: what its packages set")
    timezone: TimeZone | None = Field(None, description="`Europe/Berlin`; default: what its packages set")
    hostname: Hostname | None = Field(None, description="the machine's name; default: the codename")
    first_boot: tuple[Script, ...] = Field((), strict=False, description="scripts that are run once, as root, at boot")
    first_login: tuple[Script, ...] = Field(
        (), strict=False, description="scripts that are run once by each user who logs in"
    )
    outputs: tuple[Output, ...] = Field(
        DEFAULT_OUTPUTS, min_length=1, strict=False, description="the files people take home, besides those that prove"
    )
    variables: dict[VariableName, str] = Field(default_factory=dict, description="texts for templates")
    archive: Archive = Field(default_factory=Archive)
    users: tuple[User, ...] = Field((), strict=False, description="accounts, in this order")
    files: tuple[CopiedFile, ...] = Field((), strict=False, description="files that are copied")
    hooks: tuple[Hook, ...] = Field(
        (), strict=False, description="scripts that are run while it is made, in this order"
    )
    cloud_init: CloudInit = Field(default_factory=CloudInit)
    limits: Limits = Field(default_factory=Limits)
    disk: Disk
    disks: tuple[ExtraDisk, ...] = Field((), strict=False, description="further disks")
    boot: Boot = Field(default_factory=Boot)

    @property
    def member(self) -> str:
        """Its name among all that one definition file makes."""
        return f"{self.codename}-{self.flavour}-{self.architecture}"

    @property
    def build(self) -> str:
        """The folder of its builds in the tree: the flavour, with the architecture where that is not `amd64`."""
        return self.flavour if self.architecture == "amd64" else f"{self.flavour}-{self.architecture}"

    @property
    def host(self) -> str:
        """The machine's name."""
        return self.hostname or self.codename

    def choices(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """Give every package that is chosen by name, and where."""
        if self.kernel:
            yield ("kernel",), self.kernel
        yield from ((("packages", number), choice) for number, choice in enumerate(self.packages))

    def misfits(self) -> Iterable[Misfit]:
        """Say what does not fit together over the tables."""
        yield from clashes(self.disk, self.disks)
        if self.architecture == "arm64" and self.boot.modes == ("bios",):
            yield Misfit(("boot", "modes"), "`arm64` machines have no BIOS", 'write `modes = ["uefi"]`')
        for number, test in enumerate(self.boot.test):
            if self.architecture == "arm64" and test.startswith("bios"):
                yield Misfit(("boot", "test", number), "`arm64` machines have no BIOS", "remove it")
        for place, choice in self.choices():
            pocket = choice.partition("/")[2]
            if pocket and pocket not in self.archive.pockets:
                yield Misfit(place, f"`{choice}` is of a pocket that is not built from", f"add `{pocket}` to `pockets`")
        for name in sorted({choice.partition("/")[0] for _, choice in self.choices()} & set(self.remove)):
            number = self.remove.index(name)
            yield Misfit(("remove", number), f"`{name}` is installed and removed", "take it from one of the lists")
        for number, user in enumerate(self.users):
            if user.name in {other.name for other in self.users[:number]}:
                yield Misfit(("users", number, "name"), f"user `{user.name}` is there twice", "remove one of them")
        for number, file in enumerate(self.files):
            if file.target in {other.target for other in self.files[:number]}:
                yield Misfit(("files", number, "target"), f"`{file.target}` is there twice", "remove one of them")
