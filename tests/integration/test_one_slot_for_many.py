"""A hundred uploads at once to two processes of the application: one slot takes one of them."""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from app.local import commands
from app.local.ports import HOST
from app.local.program import Program, python_module
from app.local.system import ROOT
from app.models import Participation, Submission
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.teamwork import mine
from worker.parts import Parts

ATTEMPTS = 100
ONE_SLOT = {"per_day": 1, "total": 1, "in_flight": 1}


@pytest.fixture(scope="module")
def processes(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Run the application twice beside the tests' own, on its database; return the addresses."""
    logs = tmp_path_factory.mktemp("processes")
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "BLOB_ROOT": str(settings.blob_root),
        "VALIDATIONS_AT_ONCE": "8",
    }
    urls = []
    with ExitStack() as stack:
        for number in range(2):
            port = _free_port()
            program = Program(
                python_module(*commands.SERVER, "--host", HOST, "--port", str(port)),
                log=logs / f"server-{number}.log",
                environment=environment,
                folder=ROOT,
            )
            stack.callback(program.start().stop)
            urls.append(f"http://{HOST}:{port}")
        for url in urls:
            builders.wait_until(partial(_lives, url), at_most_s=60)
        yield urls


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _lives(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=10).is_success
    except httpx.TransportError:
        return False


async def upload_all(urls: list[str], phase: str, token: str, incoming: Path) -> Counter[str]:
    """Send the last byte of each file when all have been let in; count the answers."""
    before = set(incoming.iterdir())
    content = builders.csv_bytes(builders.noise(1))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 110.0

    async def body() -> AsyncIterator[bytes]:
        yield builders.FORM_HEAD + content[:-1]
        while len(set(incoming.iterdir()) - before) < ATTEMPTS:
            assert loop.time() < deadline, "one of them was refused early"
            await asyncio.sleep(0.02)
        yield content[-1:] + builders.FORM_TAIL

    headers = {"Authorization": f"Bearer {token}", "Content-Type": builders.FORM_TYPE}
    limits = httpx.Limits(max_connections=ATTEMPTS)
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=120) as client:
        answers = await asyncio.gather(
            *(
                client.post(f"{url}/api/v1/phases/{phase}/submissions", content=body())
                for url, _ in zip(cycle(urls), range(ATTEMPTS), strict=False)
            )
        )
    told = (
        "taken" if one.status_code == 201 else one.json()["type"].rpartition("/")[2]
        for one in answers
    )
    return Counter(told)


def test_a_hundred_attempts_at_once_never_take_more_than_the_one_slot(
    api: Api, parts: Parts, processes: list[str]
) -> None:
    contest = builders.contest(api, parts.sessions, quota=ONE_SLOT)
    team = builders.contestant(api, contest.challenge)
    incoming = parts.blobs.root / "incoming"
    counted = asyncio.run(upload_all(processes, contest.phase, team.token, incoming))
    assert counted == {"taken": 1, "quota-exceeded": ATTEMPTS - 1}
    with parts.sessions() as session:
        participation = session.get_one(
            Participation, UUID(mine(team, contest.challenge).json()["id"])
        )
        rows = session.scalars(
            sa.select(Submission.id).where(Submission.participation_id == participation.id)
        ).all()
    assert len(rows) == 1
