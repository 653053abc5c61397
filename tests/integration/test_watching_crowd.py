"""A crowd that watches costs sockets, and neither threads nor database connections."""

import asyncio
import json
import threading
from urllib.parse import urlsplit
from uuid import UUID

from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts

CROWD = 320


def test_hundreds_of_watchers_share_one_process_and_a_pool_of_two(
    settings: Settings, parts: Parts
) -> None:
    narrow = settings.model_copy(update={"database_pool_size": 2})
    with RunningServer(narrow) as server, Api(server.url) as api:
        contest = builders.contest(api, parts.sessions)
        team = builders.contestant(api, contest.challenge)
        made = builders.submit(team, contest.phase, builders.truth()).json()
        n_threads = threading.active_count()
        told = asyncio.run(watch_together(server, team.token, parts, UUID(made["id"])))
        assert [states[-1] for states in told.states] == ["scored"] * CROWD
        assert told.connections_held == 0
        # Starlette keeps at most forty threads, whoever waits.
        assert told.n_threads - n_threads <= 45
        assert server.app.state.broadcaster.watchers == 0


class Told:
    """What a crowd saw, and what it cost while all waited."""

    def __init__(self) -> None:
        self.states: list[list[str]] = [[] for _ in range(CROWD)]
        self.connections_held = -1
        self.n_threads = -1


async def watch_together(server: RunningServer, token: str, parts: Parts, key: UUID) -> Told:
    told = Told()
    place = urlsplit(server.url)
    request = (
        f"GET /api/v1/submissions/{key}/events HTTP/1.1\r\nHost: {place.netloc}\r\n"
        f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    ).encode()

    async def watch(states: list[str]) -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(request)
        async for line in reader:
            if line.startswith(b"data: "):
                state = json.loads(line.removeprefix(b"data: "))
                states.append(state["status"])
        writer.close()
        await writer.wait_closed()

    watchers = [asyncio.create_task(watch(states)) for states in told.states]
    async with asyncio.timeout(120):
        while not all(told.states):
            await asyncio.sleep(0.05)
    told.connections_held = server.app.state.engine.pool.checkedout()
    told.n_threads = threading.active_count()
    await asyncio.to_thread(evaluate_submission, parts, key)
    await asyncio.gather(*watchers)
    return told
