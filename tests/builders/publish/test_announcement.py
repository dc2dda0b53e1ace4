from __future__ import annotations

from html.parser import HTMLParser

import pytest

from builders.publish import announcement
from builders.publish.announcement import Release
from builders.publish.identity import Identity
from builders.publish.publication import Publication, Regional
from recipe_runner.errors import UnmetError

KEY = "A" * 40


class Words(HTMLParser):
    """Collects the text of a page and the tags that are open at its end."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def release(identity: Identity) -> Release:
    regions = {
        "us-east-1": Regional(image="ami-1", public=True),
        "eu-west-1": Regional(image="ami-2", public=True),
    }
    publication = Publication(
        identity=identity, cloud="aws", account="1", content="c", gibibytes=1, source="us-east-1", regions=regions
    )
    return Release(publication, "https://example.org/alpha-3/", {"a <b>.img": "0" * 64}, KEY)


def test_the_text_tells_each_image_the_files_and_the_key(release: Release) -> None:
    """Region and image stand on one line, as do checksum and file."""
    text = announcement.as_text(release)
    assert "  us-east-1  ami-1\n  eu-west-1  ami-2\n" in text
    assert f"  {'0' * 64}  a <b>.img\n" in text
    assert KEY in text
    assert text.startswith("Karmic alpha-3 server images for amd64, serial 20090723\n=====")


def test_the_page_says_what_the_text_says(release: Release) -> None:
    """Every image, file, checksum and the key are on the page, and its tags are balanced."""
    page = Words(announcement.as_html(release))
    assert page.open == []
    assert {"us-east-1", "ami-1", "eu-west-1", "ami-2", "a <b>.img", "0" * 64, KEY} <= set(page.words)


def test_the_directory_page_links_every_file(release: Release) -> None:
    """Names are escaped in links and in text."""
    page = announcement.directory_page(release, ["a <b>.img", "SHA256SUMS"])
    assert '<a href="a &lt;b&gt;.img">a &lt;b&gt;.img</a>' in page
    assert '<a href="SHA256SUMS">' in page
    assert Words(page).open == []


def test_a_private_image_is_not_announced(release: Release) -> None:
    """Nobody is sent to an image that cannot be launched."""
    regions = {**release.publication.regions, "eu-west-1": Regional(image="ami-2")}
    private = Release(release.publication.model_copy(update={"regions": regions}), "", release.sums, KEY)
    for make in (announcement.as_text, announcement.as_html):
        with pytest.raises(UnmetError, match="not public in eu-west-1"):
            make(private)
