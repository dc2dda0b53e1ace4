from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt

from recipe_runner.journal.policy import Policy
from recipe_runner.journal.reading.account import Account
from recipe_runner.journal.reading.kept import kept
from recipe_runner.journal.reading.read import records
from recipe_runner.journal.reading.transcript import transcript
from recipe_runner.journal.verification.verify import verify
from recipe_runner.site.document import Document, Judgement, document
from recipe_runner.site.report import html, markdown
from tests.recipe_runner.journal.runs import RUN, genesis, write_run

VECTORS = Path(__file__).parents[2] / "fixtures" / "journals"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=y>\x1b[2J\u202e`|[a](javascript:b)\n# no heading"


class Tags(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.headings: set[str] = set()
        self._tag = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._tag = tag
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        if re.fullmatch("h[1-6]", self._tag):
            self.headings.add(data.strip())


def told(run: Path, policy: Path | None = None) -> Document:
    account = Account.of(records(run))
    judgement = Judgement(verify(run, Policy.load(policy)), str(policy)) if policy else None
    return document(
        account,
        kept(run, account),
        lambda execution: transcript(run, execution.end.blobs if execution.end else {}),
        directory=str(run),
        state=account.state(live=False),
        judgement=judgement,
        journal_sha256="f" * 64,
    )


def test_the_verdict_comes_first() -> None:
    """With a policy the page begins with its verdict and reasons; without one it says so."""
    policy = VECTORS / "policy.toml"
    for name, word in (("valid-full", "VALID"), ("torn", "INCOMPLETE"), ("unsigned", "UNTRUSTED")):
        found = told(VECTORS / name / RUN, policy)
        heading = re.search("<h2>(.*?)</h2>", html(found))
        assert heading is not None
        assert heading[1] == word
        assert f"**{word}**" in markdown(found)
    for name, word in (("valid", "Not verified"), ("unsigned", "UNTRUSTED")):
        alone = told(VECTORS / name / RUN)
        assert re.findall("<h2>(.*?)</h2>", html(alone))[0] == word
        assert f"**{word}.**" in markdown(alone)


def test_the_page_of_an_invalid_run_repeats_nothing_of_its_journal() -> None:
    """Neither names, keys, results nor approvals are there, but the reasons and how to look oneself."""
    policy = VECTORS / "approvals.toml"
    found = told(VECTORS / "gate-forged" / RUN, policy)
    story = Account.of(records(VECTORS / "gate-forged" / RUN))
    said = {story.recipe_name, *story.signers, story.genesis.host, "20091022", "sealed by", "trusted time"}
    for page in (html(found), markdown(found)):
        assert not {word for word in said if re.search(rf"\b{re.escape(word)}\b", page)}
        assert "INVALID" in page
        assert "sha256sum journal.jsonl" in html(found)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    """Names and values that are markup or escapes add no element, no attribute and no control character."""
    plain = Tags(html(told(write_run(tmp_path / "plain", None, first=genesis(params={"name": "value"})))))
    first = genesis(params={"name": EVIL}, operator=EVIL, host=EVIL, recipe={"name": EVIL, "title": EVIL})
    found = told(write_run(tmp_path / "evil", None, first=first))
    page = html(found)
    hostile = Tags(page)
    assert (hostile.tags, hostile.attributes) == (plain.tags, plain.attributes)
    assert "script" not in hostile.tags
    assert not set(page) & {"\x1b", "\u202e"}


def test_hostile_text_stays_text_in_markdown(tmp_path: Path) -> None:
    """Rendered Markdown of a hostile run has no link, no image, no HTML and the same headings as any other."""
    first = genesis(params={"name": EVIL}, operator=EVIL, host=EVIL, recipe={"name": EVIL, "title": EVIL})
    page = markdown(told(write_run(tmp_path / "evil", None, first=first)))
    rendered = Tags(MarkdownIt("commonmark").enable("table").render(page))
    assert not rendered.tags & {"a", "img", "script"}
    assert not set(page) & {"\x1b", "\u202e"}
    assert not re.search("^# no", page, re.MULTILINE)


def test_the_page_needs_nothing_else() -> None:
    """The page forbids to load anything, and has nothing that would."""
    page = html(told(VECTORS / "valid-full" / RUN))
    assert "default-src 'none'" in page
    assert not Tags(page).tags & {"script", "link", "img", "iframe", "object"}
    assert "src" not in Tags(page).attributes
    assert "url(" not in page
    assert "@import" not in page


def test_a_changed_blob_is_said_and_not_shown() -> None:
    """Output that is not what the journal names is left out, with the reason."""
    page = html(told(VECTORS / "blob-changed" / RUN))
    assert "has been changed" in page
    assert '<pre class="output">' not in page


def test_who_approved_stands_with_the_verdict() -> None:
    """What the policy vouches for is in the verdict; the journal's own story of requests and answers is a section."""
    policy = VECTORS / "approvals.toml"
    found = told(VECTORS / "gate-valid" / RUN, policy)
    for page in (html(found), markdown(found)):
        verdict, _, rest = page.partition("Timeline")
        assert verdict.count("approved") >= 2
        assert "of role security other than the operator" in rest
        assert "waits for approval by 2 people of role" in rest
    assert "Nobody has checked these signatures" in html(told(VECTORS / "gate-valid" / RUN))
    assert "Nobody has checked these signatures" not in html(found)
