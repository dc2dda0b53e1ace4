from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from builders.proof.cyclonedx import format_cyclonedx
from builders.publish.tree import Names
from tests.support.inventory import machine_inventory

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def test_a_validator_accepts_the_bill_of_a_real_machine() -> None:
    """Real packages make a document that the strict schema accepts, and hundreds the same one twice.

    The validator takes twelve milliseconds for each address: it gets every eighth package.
    """
    inventory = machine_inventory()
    assert VALIDATOR.validate_str(format_cyclonedx(replace(inventory, packages=inventory.packages[::8]))) is None
    text = format_cyclonedx(inventory)
    assert text == format_cyclonedx(inventory)
    purls = [component["purl"] for component in json.loads(text)["components"]]
    assert len(purls) == len(set(purls)) == len(inventory.packages)
    assert any(purl.startswith("pkg:deb/debian/apt@") for purl in purls)


def test_the_validator_has_teeth() -> None:
    """A key that the schema does not know is found: the test above can fail."""
    inventory = machine_inventory()
    document = json.loads(format_cyclonedx(replace(inventory, packages=inventory.packages[:3])))
    document["components"][0]["kind"] = "library"
    assert VALIDATOR.validate_str(json.dumps(document)) is not None


def test_a_builds_bill_is_valid(karmic: Path) -> None:
    """The document beside an image is accepted, and names its day instead of the moment it was made."""
    text = (karmic / Names("karmic", "amd64").cyclonedx).read_text()
    assert VALIDATOR.validate_str(text) is None
    assert json.loads(text)["metadata"]["timestamp"] == "2009-10-22T00:00:00Z"
