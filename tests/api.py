"""A client that holds every answer to the OpenAPI document of the server it calls.

And every change to the audit log: see `tests.audited`.
"""

import re
import ssl
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import httpx

from tests import audited

PREFIX = "/api/v1"
# Nothing here speaks TLS, and loading certificates takes longer than most requests.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@lru_cache
def _declared(url: str) -> list[tuple[str, re.Pattern[str], str, set[str]]]:
    document = httpx.get(f"{url}/openapi.json", timeout=60, verify=PLAIN).raise_for_status().json()
    return [
        (
            method.upper(),
            re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)),
            f"{method.upper()} {path}",
            set(operation["responses"]),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


class Api:
    """Calls `/api/v1` (paths are given without it), with or without a token."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=60, verify=PLAIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def as_(self, token: str | None) -> "Api":
        """Return a client with another token (closed by nobody: it shares no connection)."""
        other = Api.__new__(Api)
        other.url, other.token, other._client = self.url, token, self._client
        return other

    def call(
        self, method: str, path: str, *, changes: bool | None = True, **options: Any
    ) -> httpx.Response:
        """Send a request; the answer's status must be declared, and errors be problems.

        What succeeds is in the audit log; with `changes=False` it is not, with None it may be.
        """
        headers = dict(options.pop("headers", {}))
        headers["Authorization"] = f"Bearer {self.token}" if self.token else ""
        if not self.token:
            del headers["Authorization"]
        full = path if path.startswith(("/health", "/metrics", "/problems")) else PREFIX + path
        answer = self._client.request(method, full, headers=headers, **options)
        route = self._check(method, full.split("?")[0], answer)
        audited.check(self.url, route, answer, changes=changes)
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.call("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.call("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        return self.call("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.call("DELETE", path, **options)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """Send a request that must succeed, and return its JSON."""
        answer = self.call(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def _check(self, method: str, path: str, answer: httpx.Response) -> str:
        """Return the route that answered; the method alone if it is no declared one."""
        found = method
        for declared_method, pattern, route, statuses in _declared(self.url):
            if declared_method == method and pattern.fullmatch(path):
                found = route
                assert str(answer.status_code) in statuses, (
                    f"{method} {path} answered {answer.status_code}, declared are {statuses}: "
                    f"{answer.text[:500]}"
                )
                break
        assert answer.headers["x-request-id"]
        if answer.status_code >= 400 and not path.startswith("/health"):
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["status"] == answer.status_code
            assert problem["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
        return found
