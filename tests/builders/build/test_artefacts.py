from __future__ import annotations

import pytest

from builders.build.artefacts import kernel_flavour


@pytest.mark.parametrize(
    ("version", "flavour"),
    [
        ("6.1.0-40-cloud-amd64", "cloud"),
        ("6.1.0-40-amd64", "generic"),
        ("2.6.31-14-server", "server"),
        ("6.12.48+deb13-cloud-amd64", "cloud"),
        ("6.8.0-1030-aws", "aws"),
        ("6.1.0", "generic"),
    ],
)
def test_the_flavour_is_what_a_version_leaves(version: str, flavour: str) -> None:
    """File names carry the kernel's flavour, which stays the same from day to day."""
    assert kernel_flavour(version, "amd64") == flavour
