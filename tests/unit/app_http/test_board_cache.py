"""The boards in memory: what is kept, for whom, how long, and how often anybody asks for it."""

import asyncio

import pytest

from tests.cache_front import LONG, Application, Front, run, settle


def test_within_its_age_an_answer_is_given_again_without_asking() -> None:
    async def test() -> None:
        front = Front()
        first = await front.get()
        front.application.body = b"second"
        front.clock.now += 0.4
        again = await front.get()
        assert (again.body, again.headers) == (first.body, first.headers)
        assert again.scope["route"] == "the route"
        assert front.n_asked == 1

    run(test)


def test_past_its_age_nothing_old_is_ever_given() -> None:
    async def test() -> None:
        front = Front()
        await front.get()
        front.application.body = b"second"
        front.clock.now += 1.0
        assert (await front.get()).body == b"second"

    run(test)


def test_a_popular_answer_is_renewed_before_anybody_has_to_wait() -> None:
    async def test() -> None:
        front = Front()
        await front.get()
        front.application.body = b"second"
        front.clock.now += 0.6
        assert (await front.get()).body == b"first"
        await settle()
        front.clock.now += 0.45
        assert (await front.get()).body == b"second"
        assert front.n_asked == 2

    run(test)


def test_an_answer_is_as_old_as_its_question_not_as_its_arrival() -> None:
    async def test() -> None:
        front = Front()
        slow_gate = front.application.gate = asyncio.Event()
        slow = asyncio.create_task(front.get())
        await settle()
        front.clock.now += 1.5
        front.application.body = b"second"
        front.application.gate = None
        assert (await front.get()).body == b"second"
        slow_gate.set()
        assert (await slow).body == b"first"
        assert (await front.get()).body == b"second"
        assert front.n_asked == 2

    run(test)


def test_all_who_ask_at_once_are_answered_by_one_question() -> None:
    async def test() -> None:
        front = Front()
        front.application.gate = asyncio.Event()
        waiting = [asyncio.create_task(front.get()) for _ in range(50)]
        await settle()
        front.application.gate.set()
        assert {one.body for one in await asyncio.gather(*waiting)} == {b"first"}
        assert front.n_asked == 1

    run(test)


def test_whoever_leaves_early_takes_the_answer_from_nobody() -> None:
    async def test() -> None:
        front = Front()
        front.application.gate = asyncio.Event()
        first = asyncio.create_task(front.get())
        second = asyncio.create_task(front.get())
        await settle()
        first.cancel()
        front.application.gate.set()
        assert (await second).body == b"first"
        assert front.n_asked == 1

    run(test)


@pytest.mark.parametrize(
    "headers", [{"authorization": "Bearer x"}, {"cookie": "a=b"}, {"content_length": "5"}]
)
def test_who_may_be_somebody_is_answered_by_the_application(headers: dict[str, str]) -> None:
    async def test() -> None:
        front = Front()
        await front.get()
        front.application.body = b"for one person"
        answer = await front.get(**headers)
        assert answer.body == b"for one person"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert (await front.get()).body == b"first"

    run(test)


@pytest.mark.parametrize("target", ["/elsewhere", "/board/x", "/board/1/2", f"/board/{7:0300}"])
def test_what_is_not_on_the_list_passes_untouched(target: str) -> None:
    async def test() -> None:
        front = Front()
        for _ in range(2):
            assert "vary" not in (await front.get(target)).headers
        assert front.n_asked == 2

    run(test)


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_only_reading_is_answered_from_memory(method: str) -> None:
    async def test() -> None:
        front = Front()
        await front.get()
        await front.get(method=method)
        assert [one["method"] for one in front.application.asked] == ["GET", method]

    run(test)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, {"cache-control": "no-cache"}),
        (503, {"cache-control": "no-cache"}),
        (200, {}),
        (200, {"cache-control": "no-store"}),
        (200, {"cache-control": "private, max-age=60"}),
        (200, {"cache-control": "no-cache", "set-cookie": "a=b"}),
    ],
)
def test_only_successes_that_caches_may_keep_are_kept(status: int, headers: dict[str, str]) -> None:
    async def test() -> None:
        front = Front(Application(status=status, headers=headers))
        for expected in (1, 2):
            assert (await front.get()).status == status
            assert front.n_asked == expected

    run(test)


def test_a_refusal_is_shared_with_nobody_because_it_names_the_request() -> None:
    async def test() -> None:
        front = Front(Application(status=404))
        front.application.gate = asyncio.Event()
        waiting = [asyncio.create_task(front.get()) for _ in range(3)]
        await settle()
        front.application.gate.set()
        assert [one.status for one in await asyncio.gather(*waiting)] == [404] * 3
        assert front.n_asked == 3

    run(test)


def test_a_board_that_is_hidden_is_gone_with_the_next_look() -> None:
    async def test() -> None:
        front = Front()
        await front.get()
        front.application.status = 404
        front.clock.now += 0.6
        await front.get()  # looks again beside it
        await settle()
        assert (await front.get()).status == 404

    run(test)


def test_a_fault_is_told_to_who_asked_and_nothing_stays_of_it() -> None:
    async def test() -> None:
        front = Front()
        front.application.gate = asyncio.Event()
        front.application.fault = RuntimeError("broken")
        first = asyncio.create_task(front.get())
        second = asyncio.create_task(front.get())
        await settle()
        front.application.gate.set()
        for one in (first, second):
            with pytest.raises(RuntimeError, match="broken"):
                await one
        front.application.fault = None
        assert (await front.get()).body == b"first"

    run(test)


def test_a_fault_ahead_of_time_leaves_the_answer_until_its_age() -> None:
    async def test() -> None:
        front = Front()
        await front.get()
        front.application.fault = RuntimeError("broken")
        front.clock.now += 0.6
        for _ in range(5):
            assert (await front.get()).body == b"first"
            await settle()
        front.clock.now += 0.4
        with pytest.raises(RuntimeError, match="broken"):
            await front.get()

    run(test)


def test_the_application_hears_nothing_of_who_came_first() -> None:
    async def test() -> None:
        front = Front()
        await front.get("/board?x=1&method=neuco", host="evil.example", accept_language="la")
        (asked,) = front.application.asked
        assert (asked["headers"], asked["query_string"]) == ([], b"method=neuco")

    run(test)


def test_parameters_that_nobody_reads_make_no_new_answers() -> None:
    async def test() -> None:
        front = Front()
        for number in range(10):
            await front.get(f"/board?buster={number}&method=neuco")
        await front.get("/board?method=neuco&z")
        assert front.n_asked == 1
        await front.get("/board?method=other")
        assert front.n_asked == 2

    run(test)


@pytest.mark.parametrize(
    "query", ["at=2026-01-01T00:00:00Z", "method=a&method=b", "method=" + "x" * 600]
)
def test_rare_and_strange_questions_pass_and_are_not_kept(query: str) -> None:
    async def test() -> None:
        front = Front()
        for _ in range(2):
            await front.get(f"/board?{query}")
        assert [one["query_string"] for one in front.application.asked] == [query.encode()] * 2

    run(test)


def test_what_was_asked_for_longest_ago_goes_first_when_room_is_short() -> None:
    async def test() -> None:
        front = Front(Application(body=b"x" * 900), limit_bytes=3 * (900 + 2048 + 20))
        for number in (1, 2, 3, 1, 4):
            await front.get(f"/board/{number}")
        assert front.n_asked == 4
        await front.get("/board/1")
        assert front.n_asked == 4
        await front.get("/board/2")
        assert front.n_asked == 5

    run(test)


def test_what_is_larger_than_the_room_is_given_and_not_kept() -> None:
    async def test() -> None:
        front = Front(Application(body=LONG), limit_bytes=1000)
        for expected in (1, 2):
            assert (await front.get()).body == LONG
            assert front.n_asked == expected

    run(test)


def test_an_age_of_nothing_keeps_nothing() -> None:
    async def test() -> None:
        front = Front(max_age_s=0.0)
        await front.get()
        front.application.body = b"second"
        assert (await front.get()).body == b"second"

    run(test)
