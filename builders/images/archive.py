"""Where packages come from: the distribution's archive, its pockets and mirrors, and other repositories."""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from builders.images.attachment import File
from builders.images.model import Misfit, Model
from builders.images.words import Fingerprint, Proxy, Snapshot, SnapshotUrl, Suite, Url, Word

Component = Literal["main", "contrib", "non-free", "non-free-firmware", "restricted", "universe", "multiverse"]
Pocket = Literal["security", "updates", "backports", "proposed"]


class Repository(Model):
    """A further repository, believed only when its index is signed by the key that is named here."""

    name: Word = Field(description="the name of its files below `/etc/apt` in the image")
    uri: Url = Field(description="the repository's address")
    suite: Suite = Field(description="the suite, or with a `/` at its end the directory of a flat repository")
    components: tuple[Word, ...] = Field((), strict=False, description="its components; none for a flat repository")
    key: File = Field(description="file with the key, armoured or not, relative to the definition")
    fingerprint: Fingerprint = Field(description="the key's whole fingerprint; a file with another key is refused")
    keep: bool = Field(True, description="the image has the repository too, with its key; else only the build")

    def misfits(self) -> Iterable[Misfit]:
        """Refuse components of a flat repository, and any other without."""
        if self.suite.endswith("/") and self.components:
            yield Misfit(("components",), "a flat repository has no components", "remove `components`")
        if not self.suite.endswith("/") and not self.components:
            yield Misfit(("suite",), "no components are named", 'add `components = ["main"]`, or end the suite in `/`')


class Archive(Model):
    """The distribution's own archive, and the repositories beside it."""

    components: tuple[Component, ...] = Field(
        ("main",),
        min_length=1,
        strict=False,
        description="the archive's components to build from and write into the image",
    )
    pockets: tuple[Pocket, ...] = Field(
        ("security", "updates"),
        strict=False,
        description="what is taken besides the suite itself: `security`, `updates`, `backports`, `proposed`",
    )
    mirror: Url | None = Field(None, description="mirror to build from; default: this machine's own, else the family's")
    security_mirror: Url | None = Field(None, description="the same for the pocket `security`")
    image_mirror: Url | None = Field(None, description="mirror in the image's apt; default: the family's")
    image_security_mirror: Url | None = Field(None, description="the same for the pocket `security`")
    keyring: File | None = Field(None, description="keys that sign the archive; default: the family's keyring")
    fingerprints: tuple[Fingerprint, ...] = Field(
        (), strict=False, description="the keys that `keyring` may hold; default: any"
    )
    snapshot: Snapshot | None = Field(None, description="build from the archive as it was then: `20250520T000000Z`")
    snapshot_url: SnapshotUrl | None = Field(
        None,
        description="where dated archives are: an address with `{archive}` and `{snapshot}`; default: the family's",
    )
    valid_until: bool = Field(True, description="refuse an index that has expired; never asked of a snapshot")
    proxy: Proxy | None = Field(None, description="used by the build, never in the image; default: `http_proxy`")
    repositories: tuple[Repository, ...] = Field((), strict=False, description="further repositories")

    def misfits(self) -> Iterable[Misfit]:
        """Refuse what a snapshot excludes, and names that are there twice."""
        if self.snapshot and self.mirror:
            yield Misfit(("mirror",), "a snapshot has its own mirror", "remove `mirror`, or name it in `snapshot-url`")
        if self.snapshot_url and not self.snapshot:
            yield Misfit(("snapshot-url",), "no snapshot is asked for", 'add `snapshot = "20250520T000000Z"`')
        if self.snapshot_url and (wrong := _placeholders(self.snapshot_url)):
            yield Misfit(("snapshot-url",), wrong, "write `{archive}` and `{snapshot}`, the latter at least")
        if self.fingerprints and not self.keyring:
            yield Misfit(("fingerprints",), "there is no `keyring` to pin", "add `keyring`")
        for number, repository in enumerate(self.repositories):
            if repository.name in {other.name for other in self.repositories[:number]}:
                yield Misfit(
                    ("repositories", number, "name"), f"`{repository.name}` is there twice", "choose another name"
                )


def _placeholders(template: str) -> str | None:
    try:
        names = {name for _, name, spec, conversion in string.Formatter().parse(template) if name is not None}
    except ValueError:
        return "its braces do not match"
    if others := names - {"archive", "snapshot"}:
        return f"`{{{min(others)}}}` is not known here"
    return None if "snapshot" in names else "the snapshot is not in the address"
