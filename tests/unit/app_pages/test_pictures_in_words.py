"""Pictures in words on a page: all of them where there is room, and none claimed that is not."""

import html
import re

from app.leaderboards.pictures import PictureName
from app.pages.picture_view import TITLES, PictureView, within
from tests.board_documents import document, pictures, rendered

LIMIT_BYTES = 200_000
WORDS = re.compile(r'<div id="words-([a-z-]+)">(.*?)</div>', re.DOTALL)


def words_in(page: str) -> dict[str, str]:
    return {name: html.unescape(words) for name, words in WORDS.findall(page)}


def test_every_picture_has_a_title() -> None:
    assert set(TITLES) == set(PictureName)


def test_the_page_has_the_words_of_each_picture_and_ties_them_to_it() -> None:
    content = document(40)
    page = rendered(content).decode()
    told = {one.name: one.words for one in pictures(content)}
    assert set(told) == {"rank-intervals", "task-scores", "rank-history", "method-robustness"}
    assert words_in(page) == told
    for name in told:
        assert f'aria-describedby="words-{name}"' in page
    assert "too much to say on this page" not in page


def test_words_that_have_no_room_are_left_out_and_the_picture_says_where_they_are() -> None:
    content = document(1000, 16)
    long = [
        {**task, "name": f"{number} {'a name without end & ' * 20}"}
        for number, task in enumerate(content["tasks"])
    ]
    cells = {
        task["name"]: content["entries"][0]["tasks"][content["tasks"][0]["name"]] for task in long
    }
    content["entries"] = [one | {"tasks": cells} for one in content["entries"]]
    page = rendered(content | {"tasks": long}).decode()
    assert len(page.encode()) < LIMIT_BYTES
    assert set(words_in(page)) == {"rank-intervals", "rank-history", "method-robustness"}
    assert 'aria-describedby="words-task-scores"' not in page
    alt = re.search(r'task-scores.svg\?theme=light" alt="([^"]*)"', page)
    assert alt is not None
    assert "the file linked below as text says the same" in alt[1]
    assert page.count("the words below the picture say the same") == 3
    assert 'task-scores.txt">text</a>' in page


def test_room_goes_to_the_words_that_fit() -> None:
    views = [PictureView(str(n), "Title", "é" * n, is_open=False) for n in (1000, 5000, 100)]
    assert [one.words is not None for one in within(views, 4000)] == [True, False, True]
    assert [one.words is not None for one in within(views, 0)] == [False, False, False]
