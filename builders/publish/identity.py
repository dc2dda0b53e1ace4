"""What a publication is called: one name, its tags and its tokens, all made from the build's own words."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from builders.publish.tree import Names

Architecture = Literal["amd64", "i386", "arm64"]

EC2_ARCHITECTURE: dict[Architecture, Literal["x86_64", "i386", "arm64"]] = {
    "amd64": "x86_64",
    "i386": "i386",
    "arm64": "arm64",
}
BOOT_MODE: dict[Architecture, Literal["uefi-preferred", "legacy-bios", "uefi"]] = {
    "amd64": "uefi-preferred",
    "i386": "legacy-bios",
    "arm64": "uefi",
}
CONTENT_TAG = "content"


Codename = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Milestone = Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9.-]*)?$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9.]*$")]
Serial = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}(\.[1-9][0-9]*)?$")]


class Identity(BaseModel):
    """Which build is published, and as what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codename: Codename
    milestone: Milestone = Field("", description="empty for the final release")
    version: Version = Field("", description="in the name where the release wants it, as `9.10`")
    arch: Architecture
    serial: Serial

    @property
    def name(self) -> str:
        """The name in the cloud, as in `ubuntu-karmic-9.10-beta-x86_64-server-20091003`."""
        words = ("ubuntu", self.codename, self.version, self.milestone, self.ec2_arch, "server", self.serial)
        return "-".join(word for word in words if word)

    @property
    def label(self) -> str:
        """The word for this release in query files: its milestone, or `release`."""
        return self.milestone or "release"

    @property
    def ec2_arch(self) -> Literal["x86_64", "i386", "arm64"]:
        """The architecture in EC2's words."""
        return EC2_ARCHITECTURE[self.arch]

    @property
    def boot_mode(self) -> Literal["uefi-preferred", "legacy-bios", "uefi"]:
        """How such images start: the 64-bit PC ones on BIOS and UEFI alike."""
        return BOOT_MODE[self.arch]

    @property
    def names(self) -> Names:
        """The names of the build's files in the tree."""
        return Names(self.codename, self.arch)

    def tags(self, content: str) -> dict[str, str]:
        """Return what every snapshot and image carries from its creation on; `content` is the data map's identity."""
        return {
            "Name": self.name,
            "codename": self.codename,
            "milestone": self.label,
            "architecture": self.arch,
            "serial": self.serial,
            CONTENT_TAG: content,
        }

    def token(self, content: str, attempt: int) -> str:
        """Return the idempotency token of the upload: repeated requests find the same snapshot."""
        return hashlib.sha256(f"{self.name}\n{content}\n{attempt}".encode()).hexdigest()
