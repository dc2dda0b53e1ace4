"""Images as EC2 registers them: found by name, registered whole in one call, read back, shared, deregistered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from builders.publish.faults import CloudFault, code_of
from builders.publish.identity import CONTENT_TAG, Identity
from builders.publish.patience import Patience
from builders.publish.progress import Say
from builders.publish.snapshots import as_tags
from recipe_runner.errors import RecipeError
from recipe_runner.sanitise import line

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import EbsBlockDeviceResponseTypeDef, ImageTypeDef

ROOT_DEVICE = "/dev/sda1"
VOLUME_TYPE: Literal["gp2"] = "gp2"
"""The type whose store code in query files, `ebs-ssd`, is what ubuntu-cloudimg-query asks for by default."""

LIMIT = 1800.0
"""Seconds that a registered image may take to become available."""


def find(client: EC2Client, name: str) -> ImageTypeDef | None:
    """Return our image of this name in the client's region, if there is one."""
    images = client.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": [name]}])["Images"]
    return images[0] if images else None


def content_of(image: ImageTypeDef) -> str:
    """Return the content that an image's tags claim, empty for an image that was not made here."""
    return tags_of(image).get(CONTENT_TAG, "")


def tags_of(image: ImageTypeDef) -> dict[str, str]:
    """Return the image's tags by key."""
    return {tag.get("Key", ""): tag.get("Value", "") for tag in image.get("Tags", [])}


def root_disk(image: ImageTypeDef) -> EbsBlockDeviceResponseTypeDef:
    """Return what the cloud says of the root device's disk, nothing where it says nothing."""
    for mapping in image.get("BlockDeviceMappings", []):
        if mapping.get("DeviceName") == image.get("RootDeviceName", ROOT_DEVICE):
            return mapping.get("Ebs", {})
    return {}


def register(client: EC2Client, identity: Identity, content: str, *, snapshot: str, gibibytes: int) -> str:
    """Register the snapshot as a private image with all its tags, and return the image's id."""
    reply = client.register_image(
        Name=identity.name,
        Description=identity.name,
        Architecture=identity.ec2_arch,
        VirtualizationType="hvm",
        BootMode=identity.boot_mode,
        EnaSupport=True,
        RootDeviceName=ROOT_DEVICE,
        BlockDeviceMappings=[
            {
                "DeviceName": ROOT_DEVICE,
                "Ebs": {
                    "SnapshotId": snapshot,
                    "VolumeSize": gibibytes,
                    "VolumeType": VOLUME_TYPE,
                    "DeleteOnTermination": True,
                },
            }
        ],
        TagSpecifications=[{"ResourceType": "image", "Tags": as_tags(identity.tags(content))}],
    )
    return reply["ImageId"]


def look(client: EC2Client, image: str) -> ImageTypeDef:
    """Return what EC2 says of the image; nothing for one that does not exist."""
    try:
        found = client.describe_images(ImageIds=[image])["Images"]
    except CloudFault as fault:
        if code_of(fault).startswith("InvalidAMIID"):
            return {}
        raise
    return found[0] if found else {}


def wait(client: EC2Client, image: str, *, patience: Patience, say: Say, limit: float = LIMIT) -> None:
    """Return when the image is available; raises RecipeError when it never will be, or took longer than `limit`."""
    begun = time.monotonic()
    shown = "pending"
    while True:
        facts = look(client, image)
        current = str(facts.get("State", "pending"))
        elapsed = time.monotonic() - begun
        if current == "available":
            return
        if current not in {"pending", "transient"}:
            reason = line(facts.get("StateReason", {}).get("Message", "no reason given"))
            raise RecipeError.because(f"the image `{image}` is `{line(current)}`: {reason}")
        if elapsed > (limit if facts else patience.limit):
            raise RecipeError.because(f"the image `{image}` is not available after {elapsed:.0f} seconds")
        if current != shown:
            say(f"image {image}: {line(current)}")
            shown = current
        time.sleep(patience.look)


def share(client: EC2Client, image: str) -> None:
    """Let everybody launch the image."""
    client.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})


def unshare(client: EC2Client, image: str) -> None:
    """Take that leave back."""
    client.modify_image_attribute(ImageId=image, LaunchPermission={"Remove": [{"Group": "all"}]})


def deregister(client: EC2Client, image: str) -> None:
    """Deregister the image; one that is gone already is no fault."""
    try:
        client.deregister_image(ImageId=image)
    except CloudFault as fault:
        if not code_of(fault).startswith("InvalidAMIID"):
            raise
