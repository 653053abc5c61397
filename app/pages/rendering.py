"""Templates, Markdown and static files: everything a page is made of, loaded once."""

import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

HERE = Path(__file__).parent
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# What organizers write starts at h1; on our pages it stands below an h2.
HEADINGS_DOWN = 2

STATIC: dict[str, bytes] = {
    path.name: path.read_bytes() for path in sorted((HERE / "static").iterdir())
}
# One digest for all: an address that never shows another content may be kept for ever.
STATIC_DIGEST = hashlib.sha256(b"".join(STATIC.values())).hexdigest()[:12]

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


def static_address(name: str) -> str:
    """Return the address of a static file."""
    if name not in STATIC:
        raise KeyError(name)
    return f"/static/{STATIC_DIGEST}/{name}"


def from_markdown(text: str) -> Markup:
    """Render an organizer's Markdown: no HTML of theirs, no script, headings below ours."""
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + HEADINGS_DOWN, 6)}"
    rendered = str(_markdown.renderer.render(tokens, _markdown.options, {}))
    # Tables may be wider than a phone, and what scrolls must be reached by keyboard.
    rendered = rendered.replace(
        "<table>", '<div class="scroll" role="region" aria-label="Table" tabindex="0"><table>'
    ).replace("</table>", "</table></div>")
    return Markup(rendered)  # noqa: S704  # escaped by the renderer: `html` is off


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static_address
    made.filters["markdown"] = from_markdown
    return made


_templates = _environment()


def render(template: str, **context: Any) -> bytes:
    """Render a template to the bytes of a page."""
    return _templates.get_template(template).render(**context).encode()
