"""How a kept answer is sent: whole or without its body, gzip or not, or as 304."""

import asyncio
import gzip

import pytest

from app.http.kept_answer import takes_gzip
from tests.cache_front import LONG, Application, Front, run


def test_head_is_get_without_the_body() -> None:
    async def test() -> None:
        front = Front()
        got = await front.get()
        head = await front.get(method="HEAD")
        assert (head.status, head.body, head.headers) == (200, b"", got.headers)
        assert head.headers["content-length"] == "5"
        own = await front.get(method="HEAD", authorization="Bearer x")
        assert (own.status, own.body) == (200, b"")
        assert [one["method"] for one in front.application.asked] == ["GET", "GET"]
        assert own.scope["method"] == "HEAD"

    run(test)


def test_who_takes_gzip_gets_it_under_a_weak_tag() -> None:
    async def test() -> None:
        front = Front(Application(body=LONG, headers={"cache-control": "no-cache", "etag": '"t"'}))
        plain = await front.get(accept_encoding="identity")
        assert "content-encoding" not in plain.headers
        assert plain.headers["etag"] == '"t"'
        zipped = await front.get(accept_encoding="gzip, br")
        assert gzip.decompress(zipped.body) == LONG
        assert zipped.headers["content-encoding"] == "gzip"
        assert zipped.headers["content-length"] == str(len(zipped.body))
        assert zipped.headers["etag"] == 'W/"t"'
        assert {one.headers["vary"] for one in (plain, zipped)} == {"Accept-Encoding"}
        assert front.n_asked == 1

    run(test)


def test_what_has_not_changed_is_compressed_once() -> None:
    async def test() -> None:
        front = Front(Application(body=LONG))
        first = await front.get(accept_encoding="gzip")
        front.clock.now += 2
        again = await front.get(accept_encoding="gzip")
        assert front.n_asked == 2
        assert again.body is first.body or again.body == first.body
        kept = front.cache._kept["/board?"]
        assert kept.gzip is not None
        front.application.body = LONG + b"more"
        front.clock.now += 2
        new = await front.get(accept_encoding="gzip")
        assert gzip.decompress(new.body) == LONG + b"more"

    run(test)


def test_all_who_wait_for_the_same_compression_share_it() -> None:
    async def test() -> None:
        front = Front(Application(body=LONG))
        answers = await asyncio.gather(*(front.get(accept_encoding="gzip") for _ in range(20)))
        assert {gzip.decompress(one.body) for one in answers} == {LONG}
        assert front.n_asked == 1

    run(test)


@pytest.mark.parametrize(
    ("content_type", "body"), [("image/png", LONG), ("application/json", b"short")]
)
def test_what_gains_nothing_is_not_compressed(content_type: str, body: bytes) -> None:
    async def test() -> None:
        headers = {"cache-control": "no-cache", "content-type": content_type}
        front = Front(Application(body=body, headers=headers))
        answer = await front.get(accept_encoding="gzip")
        assert "content-encoding" not in answer.headers
        assert answer.body == body

    run(test)


@pytest.mark.parametrize("known", ['"t"', 'W/"t"', '"other", W/"t"', "*"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_who_has_it_is_told_so_from_memory(known: str, coding: str) -> None:
    async def test() -> None:
        headers = {"cache-control": "no-cache", "etag": '"t"', "link": "<x>", "vary": "Cookie"}
        front = Front(Application(body=LONG, headers=headers))
        got = await front.get(accept_encoding=coding)
        answer = await front.get(if_none_match=known, accept_encoding=coding)
        assert (answer.status, answer.body) == (304, b"")
        for name in ("etag", "cache-control", "link", "vary"):
            assert answer.headers[name] == got.headers[name]
        assert not {"content-type", "content-length", "content-encoding"} & set(answer.headers)
        assert answer.headers["vary"] == "Cookie, Accept-Encoding"
        assert front.n_asked == 1

    run(test)


def test_who_has_another_gets_the_present_one_and_errors_are_never_304() -> None:
    async def test() -> None:
        front = Front()
        assert (await front.get(if_none_match='"other"')).status == 200
        tag = (await front.get()).headers["etag"]  # of the bytes, where the endpoint gives none
        assert (await front.get(if_none_match=tag)).status == 304
        missing = Front(Application(status=404))
        answer = await missing.get(if_none_match="*")
        assert (answer.status, "etag" in answer.headers) == (404, False)

    run(test)


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        (b"", False), (b"br", False), (b"GZIP", True), (b"gzip;q=0.5", True), (b"gzip;q=0", False),
        (b"*", True), (b"*;q=0", False), (b"gzip;q=much", False), (b"gzip;x=1", True),
    ],
)  # fmt: skip
def test_gzip_is_sent_to_who_says_so(accepted: bytes, takes: bool) -> None:
    assert takes_gzip(accepted) is takes
