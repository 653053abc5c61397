"""Write a report: its sections in their order."""

from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from typing import Any

from app.leaderboards.answering import permalink
from app.leaderboards.history import History
from app.reports.blocks import (
    Block,
    Cell,
    Column,
    Items,
    Paragraph,
    Report,
    Row,
    Section,
    Table,
    Terms,
    Verbatim,
)
from app.reports.facts import Event, Participations
from app.reports.figures import as_of_now, counted, minute
from app.reports.references import References
from app.reports.results import history_section, lead_of, results_section, robustness_section
from app.reports.rules import rules_section
from app.reports.subject import Subject

Document = Mapping[str, Any]

# A phase may be open for a year: then days are put together.
MOST_DAYS = 31
_STATUSES = ("scored", "rejected", "failed", "withdrawn", "queued", "running")


def write_report(
    subject: Subject, document: dict[str, Any], history: History, *, address: str
) -> Report:
    """Write the report of a phase; `address` is where the server is."""
    document = as_of_now(document)
    cite = References()
    sections = [
        rules_section(subject, document, cite),
        results_section(document, history, cite),
        robustness_section(document, history, cite),
        history_section(document, history),
        _participation(subject.participation),
        _decisions(subject),
        _citing(subject, document, address=address),
    ]
    sections.append(Section("references", "References", (Items(cite.listed(), is_numbered=True),)))
    return Report(
        title=f"{subject.challenge['title']}: {document['phase_title']}",
        subtitle="Final report" if _unsettled(subject, document) is None else "Report",
        lead=lead_of(document),
        marks=_marks(subject, document),
        sections=tuple(section for section in sections if section is not None),
    )


def _marks(subject: Subject, document: Document) -> tuple[tuple[str, str], ...]:
    phase = subject.phase
    marks = [
        ("Challenge", subject.challenge["summary"]),
        ("Phase", f"{minute(phase['opens_at'])} to {minute(phase['closes_at'])}"),
        ("Board", f"snapshot {document['snapshot']}, ranked {minute(document['ranked_at'])}"),
    ]
    note = _unsettled(subject, document)
    return (*marks, ("Note", note)) if note else tuple(marks)


def _unsettled(subject: Subject, document: Document) -> str | None:
    """Say why this is not the last word on the phase; None where it is."""
    if not subject.is_latest:
        return "There are later snapshots of this board than this one."
    if not subject.is_settled:
        return "The phase has not come to its end yet: this board may change."
    if document.get("part") == "public":
        return "The private samples have not decided yet: this board is by the public ones."
    if subject.is_still:
        frozen_at = minute(subject.phase["board_frozen_at"])
        return f"This board stands still since {frozen_at}: what came later is not shown."
    return None


def _participation(found: Participations | None) -> Section | None:
    if found is None:
        return None
    words = (
        f"{counted(found.n_teams, 'team')} with {counted(found.n_people, 'member')} took part in "
        f"the challenge; {counted(found.n_handing_in, 'team')} handed in to this phase. Files that "
        "were refused before they became submissions are not counted; nor are baselines."
    )
    blocks: list[Block] = [Paragraph(words)]
    if found.days:
        blocks.append(_days_table(found))
    return Section("participation", "Participation", tuple(blocks))


def _days_table(found: Participations) -> Table:
    total = found.by_status
    statuses = [status for status in _STATUSES if total.get(status)]
    by_month = len(found.days) > MOST_DAYS
    periods: dict[str, dict[str, int]] = {}
    for day, counts in found.days:
        period = f"{date.fromisoformat(day):%Y-%m}" if by_month else day
        into = periods.setdefault(period, {})
        for status, n in counts.items():
            into[status] = into.get(status, 0) + n
    columns = (
        Column("Month" if by_month else "Day (UTC)"),
        Column("Submissions", is_number=True),
        *(Column(status, is_number=True) for status in statuses),
    )

    def row(name: str, counts: Mapping[str, int], *, is_sum: bool = False) -> Row:
        figures = (f"{counts.get(status, 0)}" for status in statuses)
        cells = (Cell(name), Cell(f"{sum(counts.values())}"), *map(Cell, figures))
        return Row(cells, is_aside=is_sum)

    rows = [row(name, counts) for name, counts in periods.items()]
    rows.append(row("All", total, is_sum=True))
    return Table("Submissions by the day they came, and what became of them", columns, tuple(rows))


def _decisions(subject: Subject) -> Section:
    if not subject.events:
        words = (
            "The ranking was not changed, nothing was scored anew, and nobody was disqualified "
            "for a public reason."
        )
        return Section("decisions", "Changes and decisions", (Paragraph(words),))
    columns = (Column("When"), Column("What"), Column("Why"))
    rows = tuple(_event(event) for event in subject.events)
    table = Table("What the organizers decided, and the reasons they gave", columns, rows, 1)
    return Section("decisions", "Changes and decisions", (table,))


def _event(event: Event) -> Row:
    return Row((Cell(minute(event.at)), Cell(event.what), Cell(event.reason)))


def _citing(subject: Subject, document: Document, *, address: str) -> Section:
    number, digest = document["snapshot"], subject.shown.sha256
    place = f"{address}{permalink(number, digest)}"
    slug, phase = subject.challenge["slug"], subject.phase["slug"]
    title = f"{subject.challenge['title']}, {document['phase_title']}: leaderboard"
    entry = "\n".join(
        [
            f"@misc{{{slug}-{phase}-{number},",
            f"  title = {{{_plain(title)}, snapshot {number}}},",
            f"  year = {{{document['ranked_at'][:4]}}},",
            f"  note = {{Ranked {minute(document['ranked_at'])}, SHA-256 {digest}}},",
            f"  url = {{{place}}}",
            "}",
        ]
    )
    made_by = [f"Probeboard {version('probeboard')}", f"scorer {document['scorer']}"]
    made_by += [f"{name} {', '.join(told)}" for name, told in subject.packages.items()]
    blocks = (
        Terms(
            (
                ("Snapshot", f"{number}, which never changes: {place}"),
                ("SHA-256", digest),
                ("Scores made by", "; ".join(made_by)),
            )
        ),
        Verbatim(entry),
        Paragraph(
            "All of this report's figures are those of the snapshot. Who is unsure whether it is "
            "the one that was cited compares the hash with that of its bytes."
        ),
    )
    return Section("citing", "How to cite", blocks)


def _plain(title: str) -> str:
    """Keep what a title says from being read as TeX."""
    for sign in "\\{}":
        title = title.replace(sign, "")
    return "".join(f"\\{sign}" if sign in "&%$#_~^" else sign for sign in title)
