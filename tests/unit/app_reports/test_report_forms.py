"""A report's two forms: no word of anybody's becomes a mark, and both say the same."""

from markdown_it import MarkdownIt

from app.reports.blocks import Cell, Column, Link, Report, Row, Section, Table, Terms
from app.reports.html import to_html
from app.reports.markdown import to_markdown


def tables_of(markdown: str) -> list[list[list[str]]]:
    """The cells of each table, as a reader of Markdown sees them."""
    found: list[list[list[str]]] = []
    cells = False
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open"):
            cells = True
        elif token.type == "inline" and cells:
            text = [one.content for one in token.children or () if one.type == "text"]
            found[-1][-1].append("".join(text))
            cells = False
    return found


NASTY = ["a|b", "*x*", "<script>", "[a](b)", "`c`", "&amp;", "# h", "\\", "~~s~~", "two\nlines"]


def test_no_word_breaks_a_table_or_becomes_a_mark() -> None:
    rows = tuple(
        Row((Cell(word), Cell("x", word, (Link("code", "https://a.b/<c>|d e"),)))) for word in NASTY
    )
    table = Table("T", (Column("A|B"), Column("C", is_number=True)), rows)
    report = Report("# T", "s", "l", (("a", "*b*"),), (Section("s", "S", (table,)),))
    [cells] = tables_of(to_markdown(report, pictures="p").decode())
    assert cells[0] == ["A|B", "C"]
    for row, word in zip(cells[1:], NASTY, strict=True):
        shown = " ".join(word.split())
        assert row == [shown, f"x ({shown}) code"]
    html = to_html(report, {}).decode()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_html_has_the_terms_that_markdown_has() -> None:
    report = Report("T", "s", "l", (), (Section("s", "S", (Terms((("a", "b < c"),)),)),))
    assert "<dt>a</dt><dd>b &lt; c</dd>" in to_html(report, {}).decode()
    assert "- **a**: b \\< c" in to_markdown(report, pictures="p").decode()
