"""What the person who typed `make run` sees: tables and bars, or plain lines in a pipe."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from app.local.demo import Outcome, Progress

PLAIN_WIDTH = 200  # a pipe has no width; wide enough that no line of ours is folded


class ShowProgress(Protocol):
    """How the demo reports."""

    def __call__(self, progress: Progress) -> None: ...


class Terminal:
    """Standard output, as rich as it is."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = PLAIN_WIDTH

    def say(self, line: str) -> None:
        """Show one line."""
        self.console.print(line, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[ShowProgress]:
        """Show the scoring of the phases while the block runs."""
        if self.console.is_terminal:
            with _bars(self.console) as bars:
                yield _OnBars(bars)
        else:
            yield _AsLines(self)

    def board(self, phase: str, board: Mapping[str, Any]) -> None:
        """Show a leaderboard as a table."""
        self.console.print(leaderboard_table(phase, board))


class _OnBars:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._ids: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        """Move the bar of the phase."""
        if progress.phase not in self._ids:
            self._ids[progress.phase] = self._bars.add_task(progress.phase, total=None)
        self._bars.update(
            self._ids[progress.phase],
            description=_description(progress),
            completed=progress.tasks_done,
            total=progress.tasks_total or None,
        )


class _AsLines:
    """One line for each submission that ends, none for what has been said."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._said: set[str] = set()

    def __call__(self, progress: Progress) -> None:
        """Say how far the phase is, if that is news."""
        line = _description(progress)
        if line not in self._said and progress.tasks_total:
            self._said.add(line)
            self._terminal.say("  " + line)


def leaderboard_table(phase: str, board: Mapping[str, Any]) -> Table:
    """Return the table of a board: a row per entry, a column per task the board shows."""
    entries = board["entries"]
    decimals: int = board["decimals"]
    tasks = list(entries[0].get("tasks") or {}) if entries else []
    table = Table(title=phase, title_justify="left")
    for heading in ("#", "95 %", "tier", "team", "method"):
        is_name = heading in ("team", "method")
        table.add_column(heading, justify="left" if is_name else "right", no_wrap=True)
    method = str(board.get("method") or "rank").replace("-", " ")
    for heading in (method, "mean", *tasks):
        table.add_column(heading, justify="right")
    for entry in entries:
        means = [(entry.get("tasks") or {}).get(task, {}).get("mean") for task in tasks]
        table.add_row(
            _rank(entry),
            _interval(entry),
            str(entry["tier"] or ""),
            Text("baseline" if entry.get("is_baseline") else str(entry["team"])),
            Text(str(entry.get("method_name") or "")),  # as it is: people may write [brackets]
            _number(entry.get("aggregate"), 2),
            _number(entry.get("mean_score"), decimals),
            *(_number(mean, decimals) for mean in means),
            style="dim" if entry.get("is_baseline") else None,
        )
    return table


def show_outcome(
    terminal: Terminal, outcome: Outcome, *, public_url: str, curl: str, names: tuple[str, str]
) -> None:
    """Show the boards, where they are, and with what to go on."""
    for phase, board in outcome.boards.items():
        terminal.say("")
        terminal.board(phase, board)
        terminal.say(f"{phase} as a page: {public_url}/{board['challenge']}/{board['phase']}")
        url = f"{public_url}/api/v1/phases/{outcome.phase_ids[phase]}/leaderboard"
        terminal.say(f"{phase} as JSON: {url}")
    for line in outcome.not_scored:
        terminal.say(f"not scored: {line}")
    organizer, guest = names
    terminal.say(f"\nOrganizer's token ({organizer}): {outcome.organizer_token}")
    terminal.say(f"Participant's token ({guest}): {outcome.guest_token}")
    terminal.say(f"\nHand in a submission of your own:\n\n{curl}\n")


def _bars(console: Console) -> Bars:
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn())
    return Bars(*columns, TextColumn("tasks"), TimeElapsedColumn(), console=console)


def _description(progress: Progress) -> str:
    done, total = progress.submissions_done, progress.submissions_total
    return f"{progress.phase}: {done} of {total} submissions scored"


def _rank(entry: Mapping[str, Any]) -> str:
    rank = entry.get("rank")
    return "-" if rank is None else str(rank)


def _interval(entry: Mapping[str, Any]) -> str:
    low, high = entry["rank_interval"] or ("", "")
    return f"{low}" if low == high else f"{low}-{high}"


def _number(value: object, decimals: int) -> str:
    return f"{value:.{decimals}f}" if isinstance(value, int | float) else ""
