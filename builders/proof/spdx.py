"""The bill of materials as SPDX 2.3 in JSON (https://spdx.github.io/spdx-spec/v2.3/); pure."""

from __future__ import annotations

import json
import re

from builders.proof.inventory import Inventory
from builders.proof.licences import NO_ASSERTION, references
from builders.proof.packages import Package

_IMAGE = "SPDXRef-image"


def format_spdx(inventory: Inventory) -> str:
    """Return the document's text; the same inventory gives the same bytes."""
    identity = inventory.identity
    ids = {package: f"SPDXRef-package-{number}" for number, package in enumerate(inventory.packages, 1)}
    named = sorted({name for package in inventory.packages for name in references(inventory.licence(package))})
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{inventory.name}-{identity.serial}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{inventory.name}-{identity.serial}-{identity.uuid('spdx')}",
        "creationInfo": {"created": inventory.created, "creators": [f"Tool: {'-'.join(inventory.program)}"]},
        "packages": [
            {
                "SPDXID": _IMAGE,
                "name": inventory.name,
                "versionInfo": str(identity.serial),
                "summary": inventory.title,
                "primaryPackagePurpose": "OPERATING_SYSTEM",
                **_UNKNOWN,
            },
            *(_package(inventory, package, ids[package]) for package in inventory.packages),
        ],
        "relationships": [
            _relationship("SPDXRef-DOCUMENT", "DESCRIBES", _IMAGE),
            *(_relationship(_IMAGE, "CONTAINS", ids[package]) for package in inventory.packages),
        ],
        "hasExtractedLicensingInfos": [
            {
                "licenseId": name,
                "name": name.removeprefix("LicenseRef-"),
                "extractedText": "The text is in /usr/share/doc/<package>/copyright of the image.",
            }
            for name in named
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


_UNKNOWN = {
    "downloadLocation": NO_ASSERTION,
    "filesAnalyzed": False,
    "licenseConcluded": NO_ASSERTION,
    "licenseDeclared": NO_ASSERTION,
    "copyrightText": NO_ASSERTION,
}


def _package(inventory: Inventory, package: Package, reference: str) -> dict[str, object]:
    person = re.fullmatch(r"\s*(.+?)\s*<([^<>\s]+)>\s*", package.maintainer)
    supplier = f"Organization: {person[1]} ({person[2]})" if person else NO_ASSERTION
    return {
        "SPDXID": reference,
        "name": package.name,
        "versionInfo": package.version,
        "supplier": supplier,
        "sourceInfo": f"built from source package {package.source} {package.source_version}",
        "summary": package.summary,
        **_UNKNOWN,
        **({"homepage": package.homepage} if package.homepage else {}),
        "licenseDeclared": inventory.licence(package),
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE_MANAGER",
                "referenceType": "purl",
                "referenceLocator": inventory.purl(package),
            }
        ],
    }


def _relationship(subject: str, kind: str, related: str) -> dict[str, str]:
    return {"spdxElementId": subject, "relationshipType": kind, "relatedSpdxElement": related}
