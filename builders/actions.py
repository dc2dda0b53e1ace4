"""The typed steps that recipes use to release an image; boto3 is imported when one runs, not before."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from builders.publish import index
from builders.publish.identity import Architecture, Codename, Identity, Milestone, Serial, Version
from builders.publish.promote import Promotion, promote
from builders.publish.tree import Tree
from recipe_runner.engine.action import Outputs
from recipe_runner.sanitise import line

Fingerprint = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$")
]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,}(-[a-z0-9]+)+$")]
Absent = BeforeValidator(lambda value: value or None)
"""A parameter that was left empty arrives as an empty text."""

OUT = threading.Lock()


class Arguments(BaseModel):
    """The base of every action's arguments."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, alias_generator=lambda name: name.replace("_", "-")
    )


class ImagePromoteArguments(Arguments):
    """Which daily becomes which milestone."""

    tree: Path = Field(description="the tree's root")
    codename: Codename
    serial: Serial
    milestone: Milestone = Field("", description="empty for the final release")
    signed_by: Fingerprint = Field(description="primary key that signed the daily")
    key: Fingerprint = Field(description="primary key that signs the release")


class ImagePromote:
    """Finds a release that was promoted before."""

    name: ClassVar[str] = "image.promote"
    summary: ClassVar[str] = "make a milestone of a named daily build: verified, hard-linked, signed anew"
    Arguments: ClassVar[type[ImagePromoteArguments]] = ImagePromoteArguments

    def run(self, arguments: ImagePromoteArguments) -> Outputs:
        """Return `directory`, the release's path."""
        promotion = Promotion(**arguments.model_dump(exclude={"tree"}))
        return {"directory": str(promote(Tree(arguments.tree), promotion, _say))}

    def preview(self, arguments: ImagePromoteArguments) -> Iterable[str]:
        """Say which directory would become which."""
        tree = Tree(arguments.tree)
        yield f"verify {tree.daily(arguments.codename, arguments.serial)}, signed by {arguments.signed_by}"
        yield (
            f"link its files to {tree.release(arguments.codename, arguments.milestone or None, arguments.serial)}, "
            f"signed by {arguments.key}"
        )


class Ec2PublishArguments(Arguments):
    """What is published where, and how far."""

    stage: Literal["prepare", "verify", "public"]
    image: Path = Field(description="the disk, raw or qcow2")
    codename: Codename
    milestone: Milestone = Field("", description="empty for the final release")
    version: Version = Field("", description="in the image's name where the release wants it, as `9.10`")
    arch: Architecture
    serial: Serial
    regions: tuple[Region, ...] = Field(min_length=1, description="the first one that answers takes the upload")
    state: Path = Field(description="the publication's file, one for each image and cloud")
    endpoint_url: Annotated[str | None, Absent] = Field(None, description="another cloud than AWS")


class Ec2Publish:
    """Every stage can be run again: it finds what it made."""

    name: ClassVar[str] = "ec2.publish"
    summary: ClassVar[str] = "publish a disk image to EC2: prepare privately, verify, make public"
    Arguments: ClassVar[type[Ec2PublishArguments]] = Ec2PublishArguments

    def run(self, arguments: Ec2PublishArguments) -> Outputs:
        """Return `name`, `amis` (`region=ami` each) and `ami_<region>`, dashes of the region as underscores."""
        from builders.publish import ec2  # noqa: PLC0415 - boto3 takes a third of a second to import
        from builders.publish.cloud import Cloud  # noqa: PLC0415

        identity = Identity(**arguments.model_dump(include=set(Identity.model_fields)))
        order = ec2.Order(identity, arguments.image, tuple(dict.fromkeys(arguments.regions)), arguments.state)
        stages = {"prepare": ec2.prepare, "verify": ec2.verify, "public": ec2.make_public}
        publication = stages[arguments.stage](order, Cloud(arguments.endpoint_url), _say)
        amis = publication.amis
        return {
            "name": identity.name,
            "amis": [f"{region}={ami}" for region, ami in amis.items()],
            **{f"ami_{region.replace('-', '_')}": ami for region, ami in amis.items()},
        }

    def preview(self, arguments: Ec2PublishArguments) -> Iterable[str]:
        """Say what the stage would do in which regions."""
        name = Identity(**arguments.model_dump(include=set(Identity.model_fields))).name
        where = f"{', '.join(arguments.regions)} at {arguments.endpoint_url or 'the configured cloud'}"
        yield {
            "prepare": f"upload {arguments.image} once, copy it and register {name}, private, in {where}",
            "verify": f"read {name} back in {where} and compare it with {arguments.image}",
            "public": f"let everybody launch {name} in {where}",
        }[arguments.stage]


class PublishedArguments(Arguments):
    """A release whose image is public."""

    tree: Path = Field(description="the tree's root")
    state: Path = Field(description="the publication's file")
    key: Fingerprint = Field(description="primary key that signed the release")
    mirror: str = Field("", description="address under which people reach the tree")


class TreeIndex:
    """Replaces every file whole, so that it may be repeated."""

    name: ClassVar[str] = "tree.index"
    summary: ClassVar[str] = "tell where a public release is: page, query files, then the links"
    Arguments: ClassVar[type[PublishedArguments]] = PublishedArguments

    def run(self, arguments: PublishedArguments) -> Outputs:
        """Return `directory`, the release's path."""
        tree = Tree(arguments.tree)
        release = index.open_release(tree, arguments.state, key=arguments.key, mirror=arguments.mirror)
        index.update(tree, release, _say)
        return {"directory": str(index.directory_of(tree, release.publication))}

    def preview(self, arguments: PublishedArguments) -> Iterable[str]:
        """Say what would be replaced."""
        yield f"replace the query files and links under {arguments.tree} by what {arguments.state} tells"


class ReleaseAnnounce:
    """Writes the announcement and shows it; sending it is for a person."""

    name: ClassVar[str] = "release.announce"
    summary: ClassVar[str] = "write the announcement of a public release as text and as a page"
    Arguments: ClassVar[type[PublishedArguments]] = PublishedArguments

    def run(self, arguments: PublishedArguments) -> Outputs:
        """Return `announcement`, the text's path."""
        tree = Tree(arguments.tree)
        release = index.open_release(tree, arguments.state, key=arguments.key, mirror=arguments.mirror)
        return {"announcement": str(index.announce(tree, release, _say))}

    def preview(self, arguments: PublishedArguments) -> Iterable[str]:
        """Say from what the announcement would be made."""
        yield f"write an announcement from {arguments.state} beside the release's files"


def _say(text: str) -> None:
    with OUT:
        sys.stdout.write(f"{line(text)}\n")
        sys.stdout.flush()
