"""The application behind real HTTP, in a thread of the test process."""

import socket
import threading
import time
from types import TracebackType
from typing import Self

import httpx
import uvicorn

from app.main import create_app
from app.settings import Settings
from tests.audited import unwatch, watch


class RunningServer:
    """uvicorn on a free port of the loopback interface."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        # asyncio turns Nagle's delay off only where a socket says that it speaks TCP.
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self.app, log_level="warning", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._settings = settings

    def __enter__(self) -> Self:
        watch(self.url, self._settings.database_url)
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        httpx.get(f"{self.url}/health/live", timeout=60).raise_for_status()
        return self

    def stop_at_once(self) -> None:
        """Stop without waiting for requests to end."""
        self._server.force_exit = True
        self._server.should_exit = True
        self._thread.join(30)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        unwatch(self.url)
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()
