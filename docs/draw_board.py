"""Draw leaderboards of a running server as SVG, one below the other: the picture in the README.

make run                                        (it prints the boards' addresses)
python docs/draw_board.py docs/leaderboard.svg ADDRESS_OF_DEV ADDRESS_OF_PLACES
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
     aria-label="Leaderboards of the demo challenge, random splits above splits by site: nine
     encoders ranked over four tasks, another order on each.">
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


def main(picture: str, *addresses: str) -> None:
    """Fetch the boards at `addresses` and draw them into `picture`."""
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere)
        for address in addresses:
            board = httpx.get(address).raise_for_status().json()
            phase = httpx.get(address.removesuffix("/leaderboard")).raise_for_status().json()
            table = leaderboard_table(phase["title"], board)
            table.title_style, table.box = "bold", box.SIMPLE_HEAD
            console.print(table)
        drawn = console.export_svg(
            code_format=FRAME, theme=DEFAULT_TERMINAL_THEME, unique_id="board"
        )
    Path(picture).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
