from __future__ import annotations

import pytest
from pydantic import ValidationError

from builders.publish.identity import CONTENT_TAG, Architecture, Identity


@pytest.mark.parametrize(
    ("name", "milestone", "version", "arch", "serial"),
    [
        ("ubuntu-karmic-alpha-i386-server-20090930", "alpha", "", "i386", "20090930"),
        ("ubuntu-karmic-9.10-beta-x86_64-server-20091003", "beta", "9.10", "amd64", "20091003"),
        ("ubuntu-karmic-daily-x86_64-server-20091005.1", "daily", "", "amd64", "20091005.1"),
        ("ubuntu-karmic-9.10-i386-server-20091027", "", "9.10", "i386", "20091027"),
        ("ubuntu-karmic-alpha-3-x86_64-server-20090723", "alpha-3", "", "amd64", "20090723"),
    ],
)
def test_names_are_those_of_the_cloud_images(
    name: str, milestone: str, version: str, arch: Architecture, serial: str
) -> None:
    """Names are formed as Ubuntu's cloud images of 2009 were."""
    assert Identity(codename="karmic", milestone=milestone, version=version, arch=arch, serial=serial).name == name


@pytest.mark.parametrize(
    ("field", "value"),
    [("codename", "Karmic"), ("codename", "a\tb"), ("serial", "2009"), ("milestone", "a b"), ("version", "9.10-x")],
)
def test_malformed_words_are_refused(identity: Identity, field: str, value: str) -> None:
    """A word that would break a path, a name or a table never becomes part of one."""
    with pytest.raises(ValidationError):
        Identity.model_validate({**identity.model_dump(), field: value})


def test_tags_tell_content_and_build(identity: Identity) -> None:
    """Whoever finds the image in the cloud can tell from which build it was made."""
    tags = identity.tags("abc")
    assert (tags["Name"], tags["serial"], tags[CONTENT_TAG]) == (identity.name, "20090723", "abc")


def test_tokens_repeat_for_the_same_upload_only(identity: Identity) -> None:
    """The token is the same for the same name, content and attempt, and fits EBS's limit of 255 characters."""
    assert identity.token("abc", 1) == identity.token("abc", 1)
    others = {identity.token("abd", 1), identity.token("abc", 2)}
    assert len({identity.token("abc", 1)} | others) == 3
    assert len(identity.token("abc", 1)) <= 255
