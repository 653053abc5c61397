"""A report as one HTML file: nothing in it comes from elsewhere, and nothing in it runs."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app.leaderboards.pictures import Theme
from app.reports.blocks import Cell, Report

HERE = Path(__file__).parent
# Said in the file, too: it is opened from a disk, where nobody sends headers.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"

_LINK = Markup(' <a href="{}" rel="nofollow ugc noopener" aria-label="{} of {} by {}">{}</a>')

Drawings = Mapping[tuple[str, Theme], bytes]


def to_html(report: Report, drawings: Drawings) -> bytes:
    """Write a report with its pictures, each on a light and on a dark ground."""
    sources = {
        (name, str(theme)): f"data:image/svg+xml;base64,{b64encode(drawn).decode()}"
        for (name, theme), drawn in drawings.items()
    }
    template = _environment().get_template("report.html")
    style = Markup((HERE / "templates" / "report.css").read_text())  # noqa: S704  # our own
    return template.render(report=report, sources=sources, policy=POLICY, style=style).encode()


@cache
def writing_version() -> str:
    """Return what changes when the same facts are written otherwise."""
    digest = hashlib.sha256()
    for source in sorted(HERE.rglob("*")):
        if source.suffix in (".py", ".html", ".css"):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:8]


def _cell(one: Cell) -> Markup:
    """Write a cell; a board of a thousand entries has tens of thousands, too many for a macro."""
    text = Markup("<b>{}</b>").format(one.text) if one.is_best else escape(one.text)
    if one.note is None and not one.links:
        return text
    links = Markup("").join(
        _LINK.format(link.url, link.text, one.note or one.text, one.text, link.text)
        for link in one.links
    )
    return Markup("{}<small>{}{}</small>").format(text, one.note or "", links)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["cell"] = _cell
    return made
