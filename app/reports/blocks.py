"""What a report is made of: written once, and put into HTML and Markdown alike."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """A word that leads somewhere."""

    text: str
    url: str


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `note` stands small below its text, as an error does."""

    text: str = ""
    note: str | None = None
    links: tuple[Link, ...] = ()
    is_best: bool = False


@dataclass(frozen=True)
class Column:
    """A column's title; figures are set to the right."""

    title: str
    is_number: bool = False
    note: str | None = None


@dataclass(frozen=True)
class Row:
    """A row; neighbours of one `band` belong together, `is_aside` are out of competition."""

    cells: tuple[Cell, ...]
    band: int | None = None
    is_aside: bool = False


@dataclass(frozen=True)
class Table:
    """A table under a title; the cell of `named_by` says what its row is about."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    named_by: int = 0
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Paragraph:
    """Words."""

    text: str
    kind: str = field(default="paragraph", init=False)


@dataclass(frozen=True)
class Terms:
    """Words, each with what it means or is."""

    pairs: tuple[tuple[str, str], ...]
    kind: str = field(default="terms", init=False)


@dataclass(frozen=True)
class Items:
    """A list; numbered where its items are referred to by number."""

    items: tuple[str, ...]
    is_numbered: bool = False
    kind: str = field(default="items", init=False)


@dataclass(frozen=True)
class Verbatim:
    """Lines to copy as they are."""

    text: str
    kind: str = field(default="verbatim", init=False)


@dataclass(frozen=True)
class Figure:
    """A picture of the board, and in words all that it shows."""

    name: str
    title: str
    caption: str
    words: str
    kind: str = field(default="figure", init=False)


Block = Table | Paragraph | Terms | Items | Verbatim | Figure


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    slug: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """A report; `lead` is what there is to say at once, `marks` are the facts below the title."""

    title: str
    subtitle: str
    lead: str
    marks: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    def figures(self) -> Iterator[Figure]:
        """Yield the pictures it has."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Figure):
                    yield block
