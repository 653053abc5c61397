"""The HTTP API as the people of the demo use it; every call can be repeated safely."""

import shlex
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from app.local.credentials import Credentials
from app.local.errors import LocalError
from app.local.examples import Entry, Person

TOKEN_DAYS = 90


class Api:
    """The server at `base_url`; a call names the token of the person who makes it."""

    def __init__(self, base_url: str) -> None:
        # No proxy of the environment can reach our loopback interface.
        self._http = httpx.Client(base_url=f"{base_url}/api/v1", timeout=120.0, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        allowed: tuple[HTTPStatus, ...] = (),
        **options: Any,
    ) -> httpx.Response:
        """Send one request; a refusal is an error unless its status is in `allowed`.

        Raises LocalError with the server's own words.
        """
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = self._http.request(method, path, headers=headers, **options)
        except httpx.TransportError as error:
            raise LocalError(f"The server did not answer {method} {path}: {error}") from error
        if answer.is_success or answer.status_code in allowed:
            return answer
        raise LocalError(f"{method} {path} was refused ({answer.status_code}): {_words(answer)}")

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send one request and return the decoded body."""
        return self.call(method, path, **options).json()

    def register(self, person: Person, credentials: Credentials) -> None:
        """Make an account, unless there is one."""
        body = {"email": person.email, "name": person.name}
        body["password"] = credentials.password(person.email)
        self.call("POST", "/accounts", json=body, allowed=(HTTPStatus.CONFLICT,))

    def sign_in(self, person: Person, credentials: Credentials) -> str:
        """Return a token that lives for a session.

        Raises LocalError when somebody else has an account with this address.
        """
        body = {"email": person.email, "password": credentials.password(person.email)}
        answer = self.call("POST", "/sessions", json=body, allowed=(HTTPStatus.UNAUTHORIZED,))
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise LocalError(
                f"{person.email} has an account whose password is not in {credentials.path}: "
                "this database has seen another demo. Start with --no-demo."
            )
        return str(answer.json()["token"])

    def lasting_token(self, person: Person, credentials: Credentials, scopes: list[str]) -> str:
        """Return a token to print: the stored one while it works, else a new one."""
        stored = credentials.token(person.email)
        if stored is not None and self._works(stored):
            return stored
        body = {"name": "demo", "scopes": scopes, "expires_in_days": TOKEN_DAYS}
        session = self.sign_in(person, credentials)
        token = str(self.json("POST", "/tokens", token=session, json=body)["token"])
        credentials.store_token(person.email, token)
        return token

    def _works(self, token: str) -> bool:
        refused = (HTTPStatus.UNAUTHORIZED,)
        return self.call("GET", "/tokens", token=token, allowed=refused).is_success

    def ensure_team(self, name: str, *, token: str) -> str:
        """Return the id of the caller's team, making it if need be."""
        for team in self.json("GET", "/teams", token=token)["items"]:
            if team["name"] == name:
                return str(team["id"])
        return str(self.json("POST", "/teams", token=token, json={"name": name})["id"])

    def submit(self, entry: Entry, *, phase_id: str, key: str, token: str) -> dict[str, Any]:
        """Hand in one file; the same key twice is one submission."""
        fields = dict(entry.fields) | {"public": "true"}
        fields |= {"baseline": "true"} if entry.baseline else {}
        with entry.file.open("rb") as file:
            answer: dict[str, Any] = self.json(
                "POST",
                f"/phases/{phase_id}/submissions",
                token=token,
                data=fields,
                files={"file": (entry.file.name, file)},
                headers={"Idempotency-Key": key},
            )
        return answer

    def upload_bundle(self, content: bytes, *, slug: str, token: str) -> dict[str, Any]:
        """Create the challenge and publish it, unless it is there."""
        missing = (HTTPStatus.NOT_FOUND,)
        found = self.call("GET", f"/challenges/{slug}", token=token, allowed=missing)
        if found.status_code == HTTPStatus.NOT_FOUND:
            zipped = {"bundle": (f"{slug}.zip", content, "application/zip")}
            self.call("POST", "/challenges", token=token, files=zipped)
        self.call("POST", f"/challenges/{slug}/publication", token=token)
        challenge: dict[str, Any] = self.json("GET", f"/challenges/{slug}", token=token)
        return challenge


def curl_line(url: str, *, token: str, file: Path, method_name: str) -> str:
    """Return a command to paste that hands in `file`."""
    parts = (f"Authorization: Bearer {token}", f"file=@{file}", f"method_name={method_name}")
    header, upload, name = (shlex.quote(part) for part in parts)
    return f"curl -sS -H {header} \\\n  -F {upload} -F {name} \\\n  {url}"


def _words(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        words = str(problem.get("detail") or problem.get("title"))
        if problem.get("errors"):
            words += f" {problem['errors'][:3]}"
    except (ValueError, AttributeError):
        return answer.text[:200]
    return words
