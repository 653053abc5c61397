"""What matplotlib's SVG lacks: words for those who do not see it, and the reader's own fonts."""

import re
from xml.sax.saxutils import escape, quoteattr

FONTS = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, 'DejaVu Sans', sans-serif"
# In text, < and > are escaped: what is between two of them is a tag.
_TAG = re.compile(r"<[a-z][^<>]*>")
_STYLE = re.compile(r' style="([^"]*)"')
# Names of groups would be there twice in a page that holds two pictures.
_GROUP = re.compile(r'(?<=<g) id="[^"]*"')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_SHEET = re.compile(r"\s*<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)


def finished(drawn: str, *, size: tuple[int, int], title: str, text: str) -> bytes:
    """Return a standalone file without document type, named and described.

    Styles become attributes, which no Content-Security-Policy forbids.

    Parameters
    ----------
    drawn
        A file of matplotlib.
    size
        Width and height in pixels.
    title, text
        What it is, and all it says.
    """
    start = drawn.index("<svg")
    body = _SHEET.sub("", drawn[drawn.index(">", start) + 1 :], count=1)
    width, height = size
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label={quoteattr(title)} font-family="{FONTS}" stroke-linejoin="round">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(text)}</desc>"
    )
    lines = filter(None, map(str.strip, _TAG.sub(_plainer, body).splitlines()))
    return "\n".join([head, *lines, ""]).encode()


def _plainer(tag: re.Match[str]) -> str:
    plain = _STYLE.sub(_as_attributes, _GROUP.sub("", tag[0]))
    # A hundredth of a pixel is enough.
    return _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}", plain)


def _as_attributes(style: re.Match[str]) -> str:
    pairs = (one.split(":", 1) for one in style[1].split(";"))
    return "".join(
        f' {name.strip()}="{value.strip()}"'
        for name, value in pairs
        if name.strip() != "font-family"
    )
