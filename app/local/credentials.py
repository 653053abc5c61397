"""The demo's passwords and tokens, in one file that only its owner can read."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


class Credentials:
    """A small dictionary on disk (mode 0600), written whole and atomically at each change.

    Passwords are made and stored *before* they are used, so that a demo that was interrupted
    can go on where it stopped.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values: dict[str, dict[str, str]] = {
            "passwords": {},
            "tokens": {},
            "finished": {},
        }
        if path.exists():
            self._values |= json.loads(path.read_text(encoding="utf-8"))

    def password(self, email: str) -> str:
        """Return the password of `email`, made at the first call."""
        passwords = self._values["passwords"]
        if email not in passwords:
            passwords[email] = secrets.token_urlsafe(18)
            self._write()
        return passwords[email]

    def token(self, email: str) -> str | None:
        """Return the long-lived token of `email`, if one was stored."""
        return self._values["tokens"].get(email)

    def store_token(self, email: str, token: str) -> None:
        """Keep a token for the next start."""
        self._values["tokens"][email] = token
        self._write()

    @property
    def finished(self) -> dict[str, str]:
        """Return the ids of the phases by slug if the demo was played to its end, else nothing."""
        return dict(self._values["finished"])

    def store_finished(self, phase_ids: Mapping[str, str]) -> None:
        """Note that the demo need not be played again."""
        self._values["finished"] = dict(phase_ids)
        self._write()

    def _write(self) -> None:
        unfinished = self.path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._values, file, indent=2)
        unfinished.replace(self.path)
