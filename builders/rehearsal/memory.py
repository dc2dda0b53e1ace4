"""What moto 5.2 forgets or waves through, remembered and refused as AWS documents it.

moto's RegisterImage keeps nothing but name and description; its snapshots are complete from the start, their copies
have no blocks, and no checksum is compared. A release recipe reads all of that back, so the rehearsal cloud keeps it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # read by moto when a region is first used

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ebs.models import EBSBackend, EBSSnapshot, ebs_backends
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_ami_id

BLOCK = 512 * 1024
UNBLOCKED = "unblocked"


class Refusal(ServiceException):
    """An answer that the client's own model of the service knows; moto looks outside of it for errors of its own."""


class RegisteredImage(Ami):
    """An image that remembers what RegisterImage was asked for."""

    def __init__(self, backend: EC2Backend, asked: dict[str, Any], snapshot: Snapshot, tags: dict[str, str]) -> None:
        super().__init__(
            backend,
            random_ami_id(),
            name=asked["Name"],
            description=asked.get("Description"),
            architecture=asked.get("Architecture", "i386"),
            virtualization_type=asked.get("VirtualizationType", "paravirtual"),
            root_device_name=asked["RootDeviceName"],
            root_device_type="ebs",
            boot_mode=asked.get("BootMode", "legacy-bios"),
            tags=tags,
        )
        backend.delete_snapshot(self.ebs_snapshot.id)
        self.ebs_snapshot = snapshot
        self.ena_support = str(asked.get("EnaSupport", False)).lower() == "true"
        self.asked = asked

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """The mappings of the request, completed by what EC2 adds."""
        mappings = [dict(mapping) for mapping in self.asked["BlockDeviceMappings"]]
        for mapping in mappings:
            if "Ebs" in mapping:
                mapping["Ebs"] = {
                    "VolumeSize": self.ebs_snapshot.volume_size,
                    "VolumeType": "standard",
                    "DeleteOnTermination": True,
                    "Encrypted": False,
                } | mapping["Ebs"]
        return mappings


_moto_copy_snapshot = EC2Backend.copy_snapshot
_moto_start_snapshot = EBSBackend.start_snapshot
_moto_put_snapshot_block = EBSBackend.put_snapshot_block


def _register_image(self: EC2Response) -> ActionResult:
    asked = {
        key: value
        for key in (
            "Name",
            "Description",
            "Architecture",
            "VirtualizationType",
            "RootDeviceName",
            "BlockDeviceMappings",
            "BootMode",
            "EnaSupport",
        )
        if (value := self._get_param(key)) is not None
    }
    backend: EC2Backend = self.ec2_backend
    self.error_on_dryrun()
    if any(image.name == asked["Name"] for image in backend.describe_images(owners=["self"])):
        raise Refusal("InvalidAMIName.Duplicate", f"AMI name {asked['Name']} is already in use")
    roots = [m for m in asked.get("BlockDeviceMappings", []) if m.get("DeviceName") == asked.get("RootDeviceName")]
    if not roots:
        raise Refusal("InvalidParameterValue", "no block device mapping for the root device")
    snapshot = backend.get_snapshot(roots[0].get("Ebs", {}).get("SnapshotId"))
    if snapshot.status != "completed":
        raise Refusal("InvalidSnapshot.InvalidState", f"snapshot {snapshot.id} is {snapshot.status}")
    tags = {tag["Key"]: tag["Value"] for spec in self._get_param("TagSpecifications", []) for tag in spec["Tags"]}
    image = RegisteredImage(backend, asked, snapshot, tags)
    backend.amis[image.id] = image
    return ActionResult({"ImageId": image.id})


def _image_access(_: EC2Response) -> ActionResult:
    return ActionResult({"ImageBlockPublicAccessState": UNBLOCKED})


def _snapshot_access(_: EC2Response) -> ActionResult:
    return ActionResult({"State": UNBLOCKED})


def _start_snapshot(
    self: EBSBackend, volume_size: int, tags: list[dict[str, str]] | None, description: str
) -> EBSSnapshot:
    snapshot = _moto_start_snapshot(self, volume_size, tags, description)
    snapshot.block_size = BLOCK
    self.ec2_backend.get_snapshot(snapshot.snapshot_id).status = "pending"
    return snapshot


def _put_snapshot_block(
    self: EBSBackend,
    snapshot_id: str,
    block_index: int,
    block_data: bytes,
    checksum: str | None,
    checksum_algorithm: str | None,
    data_length: int | None,
) -> tuple[str | None, str | None]:
    snapshot = _pending(self, snapshot_id)
    if len(block_data) != BLOCK or int(block_index) >= snapshot.volume_size * 1024**3 // BLOCK:
        raise Refusal("ValidationException", "the block is outside of the volume or not 512 KiB long")
    if checksum != base64.b64encode(hashlib.sha256(block_data).digest()).decode():
        raise Refusal("ValidationException", "the checksum does not match the block")
    return _moto_put_snapshot_block(
        self, snapshot_id, int(block_index), block_data, checksum, checksum_algorithm, data_length
    )


def _complete_snapshot(self: EBSBackend, snapshot_id: str) -> str:
    snapshot = _pending(self, snapshot_id)
    snapshot.status = "completed"
    self.ec2_backend.get_snapshot(snapshot_id).status = "completed"
    return "completed"


def _copy_snapshot(
    self: EC2Backend, source_snapshot_id: str, source_region: str, description: str, kms_key_id: str | None
) -> Snapshot:
    copy = _moto_copy_snapshot(self, source_snapshot_id, source_region, description, kms_key_id)
    original = ebs_backends[self.account_id][source_region].snapshots.get(source_snapshot_id)
    if original is not None:
        twin = EBSSnapshot(account_id=self.account_id, snapshot=copy)
        twin.status, twin.block_size, twin.blocks = "completed", BLOCK, original.blocks
        ebs_backends[self.account_id][self.region_name].snapshots[copy.id] = twin
    return copy


def _pending(backend: EBSBackend, snapshot_id: str) -> EBSSnapshot:
    snapshot = backend.snapshots.get(snapshot_id)
    if snapshot is None:
        raise Refusal("ResourceNotFoundException", f"the snapshot {snapshot_id} does not exist")
    if snapshot.status != "pending":
        raise Refusal("ConflictException", f"the snapshot {snapshot_id} is {snapshot.status}")
    return snapshot


CHANGES: tuple[tuple[type, str, Callable[..., object]], ...] = (
    (EC2Response, "register_image", _register_image),
    (EC2Response, "get_image_block_public_access_state", _image_access),
    (EC2Response, "get_snapshot_block_public_access_state", _snapshot_access),
    (EC2Backend, "copy_snapshot", _copy_snapshot),
    (EBSBackend, "start_snapshot", _start_snapshot),
    (EBSBackend, "put_snapshot_block", _put_snapshot_block),
    (EBSBackend, "complete_snapshot", _complete_snapshot),
)


def remember() -> None:
    """Change moto in this process; calling it again changes nothing."""
    for owner, name, replacement in CHANGES:
        setattr(owner, name, replacement)
