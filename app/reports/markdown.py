"""A report as Markdown: the same words and tables, its pictures by their addresses."""

from collections.abc import Iterator

from app.reports.blocks import (
    Block,
    Cell,
    Figure,
    Items,
    Paragraph,
    Report,
    Section,
    Table,
    Terms,
    Verbatim,
)


def to_markdown(report: Report, *, pictures: str) -> bytes:
    """Write a report; `pictures` is the address below which the board's pictures are."""
    lines = [f"# {_escaped(report.title)}", "", f"*{_escaped(report.subtitle)}*", ""]
    lines += [_escaped(report.lead), ""]
    lines += [f"- **{_escaped(term)}**: {_escaped(text)}" for term, text in report.marks]
    counter = _Counter()
    for number, section in enumerate(report.sections, start=1):
        lines += ["", *_section(section, number, counter, pictures)]
    return ("\n".join(lines).rstrip() + "\n").encode()


class _Counter:
    """Numbers tables and figures through the report."""

    def __init__(self) -> None:
        self.tables = self.figures = 0


def _section(section: Section, number: int, counter: _Counter, pictures: str) -> Iterator[str]:
    yield f"## {number}. {_escaped(section.title)}"
    for block in section.blocks:
        yield ""
        yield from _block(block, counter, pictures)


def _block(block: Block, counter: _Counter, pictures: str) -> Iterator[str]:
    match block:
        case Paragraph():
            yield _escaped(block.text)
        case Terms():
            for term, text in block.pairs:
                yield f"- **{_escaped(term)}**: {_escaped(text)}"
        case Items():
            for number, item in enumerate(block.items, start=1):
                yield f"{f'{number}.' if block.is_numbered else '-'} {_escaped(item)}"
        case Verbatim():
            yield from ("```", *block.text.splitlines(), "```")
        case Table():
            counter.tables += 1
            yield from _table(block, counter.tables)
        case Figure():
            counter.figures += 1
            yield f"![{_escaped(block.title)}]({pictures}/{block.name}.svg)"
            yield ""
            yield f"**Figure {counter.figures}.** {_escaped(block.caption)}"


def _table(table: Table, number: int) -> Iterator[str]:
    yield f"**Table {number}.** {_escaped(table.title)}."
    yield ""
    yield _row(
        _escaped(f"{column.title} ({column.note})" if column.note else column.title)
        for column in table.columns
    )
    yield _row("---:" if column.is_number else "---" for column in table.columns)
    for row in table.rows:
        yield _row(_cell(one) for one in row.cells)


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    if cell.is_best:
        text = f"**{text}**"
    note = "" if cell.note is None else f" ({_escaped(cell.note)})"
    if cell.note is not None and cell.note.startswith("±"):
        note = f" {_escaped(cell.note)}"
    links = "".join(f" [{link.text}](<{_address(link.url)}>)" for link in cell.links)
    return f"{text}{note}{links}".strip()


def _row(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _address(url: str) -> str:
    """Keep an address inside its angle brackets, and its row in one piece."""
    for sign, code in {"<": "%3C", ">": "%3E", "|": "%7C", " ": "%20", "\\": "%5C"}.items():
        url = url.replace(sign, code)
    return "".join(url.split())


def _escaped(text: str) -> str:
    """Keep words from being read as Markdown, HTML or an entity, on one line."""
    for sign in "\\|*_~`[]<>&#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
