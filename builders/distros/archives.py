"""Which archives a definition builds from, and which its image knows; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from builders.distros.keys import key_name
from builders.images.archive import Archive, Pocket
from builders.images.definition import Definition
from builders.workshop.sources import Source

KEYS = "etc/apt/keyrings"


@dataclass(frozen=True, slots=True)
class Archives:
    """What a family knows of its archives: the words `archive` of a snapshot, mirrors, how pockets are called.

    `pockets` gives the end of a pocket's suite; a pocket that is not in it does not exist.
    """

    mirror: str
    security: str
    keyring: str
    keyring_package: str
    snapshot_url: str
    names: tuple[str, str]
    pockets: Mapping[Pocket, str]

    def build(self, definition: Definition, keyring: str, known: Sequence[Source] = ()) -> list[Source]:
        """Return what is built from; where no mirror is named, this machine's own entries count first.

        `known` are those, the suite's own among them; a pocket that they have not is on the mirror of its suite,
        security updates on the family's.
        """
        archive = definition.archive
        if archive.snapshot:
            template = archive.snapshot_url or self.snapshot_url
            mirror, security = (template.format(archive=name, snapshot=archive.snapshot) for name in self.names)
        elif archive.mirror or archive.security_mirror or not known:
            mirror = archive.mirror or self.mirror
            security = archive.security_mirror or (mirror if self.security == self.mirror else self.security)
        else:
            near = next(source.uri for source in known if source.suite == definition.codename)
            return [
                replace(source, components=archive.components, signed_by=keyring, expires=archive.valid_until)
                for wanted in self._sources(definition, near, self.security)
                for source in [one for one in dict.fromkeys(known) if one.suite == wanted.suite] or [wanted]
            ]
        checks = archive.valid_until and not archive.snapshot
        return [
            replace(source, signed_by=keyring, expires=checks) for source in self._sources(definition, mirror, security)
        ]

    def image(self, definition: Definition) -> list[Source]:
        """Return what the image's apt knows: never a mirror of the build."""
        archive = definition.archive
        mirror = archive.image_mirror or self.mirror
        default = mirror if self.security == self.mirror else self.security
        return self._sources(definition, mirror, archive.image_security_mirror or default)

    def _sources(self, definition: Definition, mirror: str, security: str) -> list[Source]:
        archive = definition.archive
        pockets = [pocket for pocket in self.pockets if pocket in archive.pockets]
        return [
            Source(mirror, definition.codename, archive.components),
            *(
                Source(
                    security if pocket == "security" else mirror,
                    f"{definition.codename}{self.pockets[pocket]}",
                    archive.components,
                )
                for pocket in pockets
            ),
        ]


def repositories(archive: Archive, place: Callable[[str], str], *, kept: bool = False) -> list[Source]:
    """Return the further repositories, or those the image keeps; `place` says where a key's file lies."""
    return [
        Source(
            repository.uri,
            repository.suite,
            repository.components,
            place(key_name(repository.name, repository.key)),
        )
        for repository in archive.repositories
        if repository.keep or not kept
    ]


def image_files(archives: Archives, definition: Definition) -> dict[str, bytes]:
    """Return apt's files in the image by path: its sources, and each kept repository with its key."""
    archive = definition.archive
    files = {"etc/apt/sources.list": "".join(f"{source}\n" for source in archives.image(definition)).encode()}
    kept = [repository for repository in archive.repositories if repository.keep]
    for repository, source in zip(kept, repositories(archive, lambda name: f"/{KEYS}/{name}", kept=True), strict=True):
        files[f"etc/apt/sources.list.d/{repository.name}.list"] = f"{source}\n".encode()
        files[f"{KEYS}/{key_name(repository.name, repository.key)}"] = repository.key.content
    return files
