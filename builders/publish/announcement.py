"""The announcement of a release and the page of its directory, made from the publication's own data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from builders.publish.publication import Publication


@dataclass(frozen=True, slots=True)
class Release:
    """What an announcement says: the publication, where the files are, and who signed them."""

    publication: Publication
    address: str
    sums: Mapping[str, str]
    key: str

    @property
    def title(self) -> str:
        """The release in words: `Karmic alpha-3 server images for amd64, serial 20090723`."""
        who = self.publication.identity
        words = [who.codename.capitalize(), who.version, who.milestone, "server images for", who.arch]
        return f"{' '.join(word for word in words if word)}, serial {who.serial}"

    @property
    def launch(self) -> str:
        """A command that starts the image in the first region."""
        region, ami = next(iter(self.publication.amis.items()))
        return f"aws ec2 run-instances --region {region} --image-id {ami} --instance-type t3.small --key-name KEY"


def as_text(release: Release) -> str:
    """Return the announcement as it is mailed; raises UnmetError while an image in it is not public."""
    release.publication.refuse_private()
    amis = release.publication.amis
    width = max(map(len, amis))
    return "\n".join(
        [
            release.title,
            "=" * len(release.title),
            "",
            f"{release.publication.identity.name} is available.",
            "",
            "On Amazon EC2:",
            "",
            *(f"  {region:<{width}}  {ami}" for region, ami in amis.items()),
            "",
            "Launch it with:",
            "",
            f"  {release.launch}",
            "",
            "To download:",
            "",
            f"  {release.address}",
            "",
            "Check what you download: SHA256SUMS.gpg is a signature over SHA256SUMS by the key",
            "",
            f"  {release.key}",
            "",
            *(f"  {digest}  {name}" for name, digest in sorted(release.sums.items())),
            "",
        ]
    )


def as_html(release: Release) -> str:
    """Return the announcement as a page of its own; raises UnmetError while an image in it is not public."""
    release.publication.refuse_private()
    amis = _table(("Region", "Image"), list(release.publication.amis.items()))
    files = _table(("File", "SHA-256"), sorted(release.sums.items()))
    return page(
        release.title,
        f"<p><code>{escape(release.publication.identity.name)}</code> is available.</p>\n"
        f"<h2>Amazon EC2</h2>\n{amis}\n<pre>{escape(release.launch)}</pre>\n"
        f'<h2>Downloads</h2>\n<p><a href="{escape(release.address)}">{escape(release.address)}</a></p>\n{files}\n'
        f"<p><code>SHA256SUMS.gpg</code> is a signature over <code>SHA256SUMS</code> by the key "
        f"<code>{escape(release.key)}</code>.</p>",
    )


def directory_page(release: Release, names: Sequence[str]) -> str:
    """Return `index.html` of the release's directory: its files, and its images by region."""
    rows = "\n".join(
        f'<tr><td><a href="{escape(name)}">{escape(name)}</a></td>'
        f"<td><code>{escape(release.sums.get(name, ''))}</code></td></tr>"
        for name in names
    )
    amis = _table(("Region", "Image"), list(release.publication.amis.items()))
    return page(
        release.title,
        f"<table>\n<thead><tr><th>File</th><th>SHA-256</th></tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n"
        f"<h2>Amazon EC2</h2>\n{amis}",
    )


def page(title: str, body: str) -> str:
    """Return a page that needs nothing but itself; `title` is text, `body` is HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
        "td,th{text-align:left;padding:.2em 1em .2em 0}code,pre{overflow-wrap:anywhere}</style>\n"
        f"</head>\n<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def _table(heads: tuple[str, str], rows: Sequence[tuple[str, str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "\n".join(
        f"<tr><td>{escape(first)}</td><td><code>{escape(second)}</code></td></tr>" for first, second in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
