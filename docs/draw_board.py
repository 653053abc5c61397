"""Draw a running server's leaderboard as SVG: the picture in the README.

make run                                                  (it prints the board's address)
python docs/draw_board.py ADDRESS docs/leaderboard.svg
"""

import sys
from pathlib import Path

import httpx
from rich import box
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from app.local.terminal import leaderboard_table

WIDTH = 126
# rich's own frame fetches a web font; this one draws with what the reader's machine has.
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
     aria-label="The demo challenge's leaderboard: nine encoders ranked over four tasks.">
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, monospace; }}
{styles}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>
<defs>{lines}</defs>
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def main(address: str, picture: str) -> None:
    """Fetch the board at `address` and draw it into `picture`."""
    board = httpx.get(address).raise_for_status().json()
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere)
        table = leaderboard_table(board["phase"], board)
        table.title, table.box = None, box.SIMPLE_HEAD
        console.print(table)
        drawn = console.export_svg(
            code_format=FRAME, theme=DEFAULT_TERMINAL_THEME, unique_id="board"
        )
    Path(picture).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
