"""A report on a run as one page: HTML that fetches and runs nothing, or Markdown.

Everything in a run is untrusted. Each value that a template prints passes `finalize` here: control characters become
visible, then the text is escaped for the page's form. Only `site.markdown` makes text that passes as it is, and `as_is`
lets through what a macro has put together of such values.
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from recipe_runner.journal.reading.evidence import COLUMNS
from recipe_runner.journal.reading.narrative import spell
from recipe_runner.journal.verification.verdict import MEANING, Verdict
from recipe_runner.sanitise import visible
from recipe_runner.site.document import Document
from recipe_runner.site.markdown import code_span, escaped, fenced, first_line


def html(document: Document) -> str:
    """Return the report as one HTML page without scripts, whose policy forbids to load anything."""
    return _page("html", document, Environment(autoescape=True, finalize=_visible))


def markdown(document: Document) -> str:
    """Return the report as Markdown (CommonMark with tables)."""
    environment = Environment(autoescape=False, finalize=_markdown)  # noqa: S701 - not HTML; `_markdown` escapes
    return _page("md", document, environment)


def _page(form: str, document: Document, environment: Environment) -> str:
    """Fill the template of a form; a run that is INVALID has one that repeats nothing of its journal."""
    judged = document.judgement
    kind = "invalid" if judged and judged.report.verdict is Verdict.INVALID else "report"
    environment.loader = PackageLoader("recipe_runner.site", "pages")
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {"as_is": Markup, "code": code_span, "fence": fenced, "first_line": first_line}
    return environment.get_template(f"{kind}.{form}").render(
        document=document, spell=spell, columns=COLUMNS, meaning=MEANING
    )


def _visible(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _markdown(value: object) -> object:
    return value if isinstance(value, Markup | int | float) else escaped(str(value))
