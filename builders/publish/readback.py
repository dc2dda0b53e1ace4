"""What the cloud reports of a private image, against what was asked for and against the image file itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builders.publish import ami, snapshots
from builders.publish.blocks import Blocks
from builders.publish.cloud import AWS, Cloud
from builders.publish.datamap import DataMap
from builders.publish.faults import CloudFault, diagnose, not_offered
from builders.publish.identity import Identity
from builders.publish.progress import Say
from builders.publish.publication import Publication
from recipe_runner.errors import Diagnostic, VerificationError
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ImageTypeDef, SnapshotTypeDef

SAMPLE = 16
"""Blocks read back from a copy, which the cloud made by itself; the uploaded snapshot is read back whole."""


@dataclass(frozen=True, slots=True)
class Readback:
    """How reported attributes compare with wanted ones: names that agree, names not reported, sentences of faults."""

    agreed: tuple[str, ...] = ()
    unreported: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def __add__(self, other: Readback) -> Readback:
        return Readback(self.agreed + other.agreed, self.unreported + other.unreported, self.faults + other.faults)


def verify_region(region: str, publication: Publication, cloud: Cloud, datamap: DataMap, say: Say) -> None:
    """Read one region's image, snapshot and blocks back.

    Raises VerificationError with every difference; on AWS, which reports everything, what is not reported is one.
    """
    facts = publication.regions[region]
    client = cloud.ec2(region)
    image, snapshot = ami.look(client, facts.image), snapshots.look(client, facts.snapshot)
    if not image:
        raise VerificationError.because(f"the image `{facts.image}` does not exist")
    result = compare(
        of_image(image, publication, facts.snapshot, public=facts.public) | of_snapshot(snapshot, publication)
    )
    say(f"{region}: {facts.image}: {len(result.agreed)} attributes are as wanted")
    if facts.public:
        say(f"{region}: {facts.snapshot} is public, so its blocks are not read again")
    else:
        blocks = _of_blocks(region, publication, cloud, datamap)
        result += blocks
        for text in blocks.agreed:
            say(f"{region}: {facts.snapshot}: {text}")
    for name in result.unreported:
        say(f"{region}: not reported by this endpoint, so not checked: {name}")
    faults = [Diagnostic(f"`{facts.image}`: {fault}") for fault in result.faults]
    if publication.cloud == AWS:
        faults += [Diagnostic(f"`{facts.image}`: {name} is not reported") for name in result.unreported]
    if faults:
        raise VerificationError(*faults)


def compare(wanted: Mapping[str, tuple[object, object]]) -> Readback:
    """Sort attributes, given by name as (reported, wanted); none is what a cloud reports that does not report."""
    return Readback(
        agreed=tuple(name for name, (found, value) in wanted.items() if found == value),
        unreported=tuple(name for name, (found, value) in wanted.items() if found is None),
        faults=tuple(
            f"{name} is `{line(str(found))}`, wanted `{value}`"
            for name, (found, value) in wanted.items()
            if found is not None and found != value
        ),
    )


def of_image(
    image: ImageTypeDef, publication: Publication, snapshot: str, *, public: bool
) -> dict[str, tuple[object, object]]:
    """Return the attributes that `ami.register` asks for, as (reported, wanted)."""
    identity = publication.identity
    disk = ami.root_disk(image)
    return {
        "name": (image.get("Name"), identity.name),
        "state": (image.get("State"), "available"),
        "public": (image.get("Public"), public),
        "architecture": (image.get("Architecture"), identity.ec2_arch),
        "virtualisation": (image.get("VirtualizationType"), "hvm"),
        "boot mode": (image.get("BootMode"), identity.boot_mode),
        "ENA": (image.get("EnaSupport"), True),
        "root device": (image.get("RootDeviceName"), ami.ROOT_DEVICE),
        "root device type": (image.get("RootDeviceType"), "ebs"),
        "root snapshot": (disk.get("SnapshotId"), snapshot),
        "volume size": (disk.get("VolumeSize"), publication.gibibytes),
        "volume type": (disk.get("VolumeType"), ami.VOLUME_TYPE),
        "volume deletion": (disk.get("DeleteOnTermination"), True),
    } | _tags("image", ami.tags_of(image), identity, publication.content)


def of_snapshot(snapshot: SnapshotTypeDef, publication: Publication) -> dict[str, tuple[object, object]]:
    """Return the attributes of the snapshot, as (reported, wanted)."""
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in snapshot.get("Tags", [])}
    return {
        "snapshot state": (snapshot.get("State"), "completed"),
        "snapshot size": (snapshot.get("VolumeSize"), publication.gibibytes),
        "snapshot encryption": (snapshot.get("Encrypted"), False),
    } | _tags("snapshot", tags, publication.identity, publication.content)


def _tags(kind: str, found: Mapping[str, str], identity: Identity, content: str) -> dict[str, tuple[object, object]]:
    return {f"{kind} tag {key}": (found.get(key), value) for key, value in identity.tags(content).items()}


def _of_blocks(region: str, publication: Publication, cloud: Cloud, datamap: DataMap) -> Readback:
    facts = publication.regions[region]
    blocks = Blocks(cloud.ebs(region), cloud.patience)
    try:
        tokens = blocks.listed(facts.snapshot)
        wanted = datamap.checksums.keys()
        chosen = sorted(wanted & tokens.keys())
        if region != publication.source:
            chosen = chosen[:: max(1, len(chosen) // SAMPLE)]
        extra = sorted(tokens.keys() - wanted)
        different = blocks.differing(facts.snapshot, datamap, tokens, chosen + extra)
    except CloudFault as fault:
        if publication.cloud != AWS and not_offered(fault):
            return Readback(unreported=(f"blocks of {facts.snapshot} ({diagnose(fault)[0].message})",))
        raise
    faults = [f"block {index} is missing" for index in sorted(wanted - tokens.keys())]
    faults += [f"block {index} has other data than the image" for index in different]
    agreed = () if faults else (f"{len(wanted)} blocks are there, {len(chosen)} of them read back and equal",)
    return Readback(agreed=agreed, faults=tuple(faults))
