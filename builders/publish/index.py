"""What tells the world where a release is: its page, its table of images, the query files, and last the links."""

from __future__ import annotations

from pathlib import Path

from builders.publish import announcement, durable, query
from builders.publish.announcement import Release
from builders.publish.progress import Say
from builders.publish.publication import Publication, read_publication
from builders.publish.signing import certificate
from builders.publish.sums import verify_sums
from builders.publish.tree import SIGNATURE, SUMS, Tree
from recipe_runner.errors import UnmetError

PUBLISHED = "published-ec2-release.txt"
CURRENT = "current"


def open_release(tree: Tree, state: Path, *, key: str, mirror: str = "") -> Release:
    """Return what can be said of a release: a public image, and files that `key` signed.

    `mirror` is the address under which people reach the tree, where there is one. Raises UnmetError while an image
    is private, VerificationError when the files are not what was signed.
    """
    publication = read_publication(state)
    publication.refuse_private()
    directory = directory_of(tree, publication)
    sums = verify_sums(directory, certificates=[certificate(key)], primaries=frozenset({key})).digests
    if publication.identity.names.image not in sums:
        raise UnmetError.because(f"`{directory}` has no `{publication.identity.names.image}`")
    place = directory.relative_to(tree.root)
    return Release(publication, f"{mirror.rstrip('/')}/{place}/" if mirror else f"{directory}/", sums, key)


def directory_of(tree: Tree, publication: Publication) -> Path:
    """Return the release's directory in the tree."""
    who = publication.identity
    return tree.release(who.codename, who.milestone or None, who.serial)


def update(tree: Tree, release: Release, say: Say) -> None:
    """Write the directory's page and table, enter the release into the query files, then move the links to it."""
    publication = release.publication
    directory = directory_of(tree, publication)
    names = [*sorted(release.sums), SUMS, SIGNATURE, PUBLISHED]
    durable.replace(directory / PUBLISHED, query.format_rows(query.image_rows(publication)).encode())
    durable.replace(directory / "index.html", announcement.directory_page(release, names).encode())
    say(f"{directory}: {PUBLISHED} and index.html written")
    image = directory / publication.identity.names.image
    for path in query.update(tree.root, publication, str(image.relative_to(tree.root))):
        say(f"{path} replaced")
    for name in (publication.identity.label, CURRENT):
        say(f"{tree.link(name, directory)} links to {directory.name}")


def announce(tree: Tree, release: Release, say: Say) -> Path:
    """Write `announcement.txt` and `announcement.html` into the release's directory; return the text's path."""
    directory = directory_of(tree, release.publication)
    text = announcement.as_text(release)
    durable.replace(directory / "announcement.html", announcement.as_html(release).encode())
    durable.replace(directory / "announcement.txt", text.encode())
    for line in text.splitlines():
        say(line)
    return directory / "announcement.txt"
