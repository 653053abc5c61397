"""Reports of phases: the snapshot and nothing else, in HTML and in Markdown."""

import re
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt

from tests import builders
from tests.api import Api
from tests.reported import Played, board_of, play, text_of
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture(scope="module")
def played(server: RunningServer, parts: Parts) -> Iterator[Played]:
    with Api(server.url) as api:
        yield play(api, parts)


def test_the_report_tells_the_board_as_the_snapshot_does(played: Played, api: Api) -> None:
    board = board_of(played.contest)
    answer = api.get(f"{played.path}.html")
    told = text_of(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    name = f"{board['challenge']}-dev-report-{board['snapshot']}.html"
    assert answer.headers["content-disposition"] == f'inline; filename="{name}"'
    for entry in board["entries"]:
        assert (entry["team"] or "Baseline") in told
        assert f"{entry['mean_score']:.4f} ± {entry['mean_score_error']:.4f}" in told
        for cell in entry["tasks"].values():
            assert f"{cell['mean']:.4f} ± {cell['standard_error']:.4f}" in told
    assert board["rule"] in told
    digest = re.findall("SHA-256 ([0-9a-f]{64})", told)
    assert len(digest) == 2
    link = answer.headers["link"]
    assert f"snapshots/{board['snapshot']}?sha256={digest[0]}" in link
    assert f"snapshot {board['snapshot']}" in told
    best = board["entries"][0]
    assert f"First is {best['team']} with “{best['method_name']}”" in told


def test_nothing_in_it_comes_from_elsewhere_and_nothing_runs(played: Played, api: Api) -> None:
    answer = api.get(f"{played.path}.html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'http-equiv="Content-Security-Policy"' in answer.text
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    sources = re.findall(r'(?:src|srcset)="([^"]*)"', answer.text)
    assert len(sources) >= 6
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not re.search(r"<link|@import|url\(", answer.text)
    ids = re.findall(r' id="([^"]+)"', answer.text)
    assert len(ids) == len(set(ids))


def test_the_markdown_says_the_same_in_tables(played: Played, api: Api) -> None:
    board = board_of(played.contest)
    answer = api.get(f"{played.path}.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    parsed = MarkdownIt("commonmark", {"html": True}).enable("table").parse(answer.text)
    kinds = [token.type for token in parsed]
    assert "html_block" not in kinds
    inline = [child for token in parsed for child in token.children or ()]
    assert not [one for one in inline if one.type == "html_inline"]
    pictures = [str(one.attrs["src"]) for one in inline if one.type == "image"]
    assert len(pictures) >= 3
    for picture in pictures:
        place = picture.partition("/api/v1")[2]
        assert f"snapshots/{board['snapshot']}/" in place
        assert api.get(place).headers["content-type"] == "image/svg+xml"
    said = {one.content for one in inline if one.type == "text"}
    for entry in board["entries"]:
        assert any(entry["method_name"] in text for text in said)
    told = text_of(api.get(f"{played.path}.html").text)
    titles = [
        parsed[place + 1].content for place, kind in enumerate(kinds) if kind == "heading_open"
    ]
    assert all(title in told for title in titles)
    assert kinds.count("table_open") == told.count("Table ") - told.count("Tables ")


def test_an_earlier_snapshot_is_told_as_it_was(played: Played, api: Api, parts: Parts) -> None:
    told = text_of(api.get(f"{played.path}.html?snapshot={played.first_snapshot}").text)
    assert f"snapshot {played.first_snapshot}" in told
    assert "There are later snapshots" in told
    assert "No intervals" in told
    other = builders.contest(api, parts.sessions)
    missing = f"/phases/{other.phase}/report.html?snapshot={played.first_snapshot}"
    assert api.get(missing).status_code == 404
    assert api.get(f"{played.path}.html?snapshot=99999999").status_code == 404


def test_who_has_it_is_told_so(played: Played, api: Api) -> None:
    for form in ("html", "md"):
        first = api.get(f"{played.path}.{form}")
        again = api.get(f"{played.path}.{form}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert api.get(f"{played.path}.{form}").content == first.content


def test_what_was_not_ranked_yet_has_no_report(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    assert api.get(f"/phases/{contest.phase}/report.html").status_code == 404
