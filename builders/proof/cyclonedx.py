"""The bill of materials as CycloneDX 1.6 in JSON (https://cyclonedx.org/docs/1.6/json/); pure."""

from __future__ import annotations

import json

from builders.proof.inventory import Inventory
from builders.proof.licences import NO_ASSERTION
from builders.proof.packages import Package

_IMAGE = "image"


def format_cyclonedx(inventory: Inventory) -> str:
    """Return the document's text; the same inventory gives the same bytes."""
    identity, (program, version) = inventory.identity, inventory.program
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{identity.uuid('cyclonedx')}",
        "version": 1,
        "metadata": {
            "timestamp": inventory.created,
            "tools": {"components": [{"type": "application", "name": program, "version": version}]},
            "component": {
                "type": "operating-system",
                "bom-ref": _IMAGE,
                "name": inventory.name,
                "version": str(identity.serial),
                "description": inventory.title,
            },
        },
        "components": [_component(inventory, package) for package in inventory.packages],
        "dependencies": [
            {"ref": _IMAGE, "dependsOn": sorted(inventory.purl(package) for package in inventory.packages)}
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _component(inventory: Inventory, package: Package) -> dict[str, object]:
    purl, licence = inventory.purl(package), inventory.licence(package)
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "description": package.summary,
        "purl": purl,
        **({"licenses": [{"expression": licence}]} if licence != NO_ASSERTION else {}),
        **({"externalReferences": [{"type": "website", "url": package.homepage}]} if package.homepage else {}),
        "properties": [
            {"name": "dpkg:source", "value": f"{package.source} ({package.source_version})"},
            {"name": "dpkg:maintainer", "value": package.maintainer},
        ],
    }
