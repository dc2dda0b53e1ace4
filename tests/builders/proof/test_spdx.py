from __future__ import annotations

import json
from pathlib import Path

from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from builders.proof.spdx import format_spdx
from builders.publish.tree import Names
from tests.support.inventory import machine_inventory


def faults(path: Path) -> list[str]:
    return [message.validation_message for message in validate_full_spdx_document(parse_file(str(path)))]


def test_a_validator_accepts_the_bill_of_a_real_machine(tmp_path: Path) -> None:
    """Hundreds of real packages with all their licences make a document without a fault, and the same one twice."""
    inventory = machine_inventory()
    path = tmp_path / "bill.spdx.json"
    path.write_text(format_spdx(inventory))
    assert faults(path) == []
    assert path.read_text() == format_spdx(inventory)
    packages = json.loads(path.read_text())["packages"]
    assert [package["name"] for package in packages[1:]] == [package.name for package in inventory.packages]
    declared = {package["name"]: package["licenseDeclared"] for package in packages}
    assert declared["apt"] != "NOASSERTION"


def test_the_validator_has_teeth(tmp_path: Path) -> None:
    """A licence reference that is not explained is found: the test above can fail."""
    document = json.loads(format_spdx(machine_inventory()))
    del document["hasExtractedLicensingInfos"]
    path = tmp_path / "bill.spdx.json"
    path.write_text(json.dumps(document))
    assert faults(path)


def test_a_builds_bill_is_valid(karmic: Path) -> None:
    """The document beside an image is accepted, and names the three packages of the tiny karmic."""
    path = karmic / Names("karmic", "amd64").spdx
    assert faults(path) == []
    names = [package["name"] for package in json.loads(path.read_text())["packages"]]
    assert names == ["karmic-server-cloudimg-amd64", "tiny-base", "tiny-busybox", "tiny-kernel"]
