"""Call a webhook: sign, connect to an address that was checked, and wait for a few seconds only."""

import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.notices.addresses import Address, Refused, Target, read_target, resolve
from app.notices.deliveries import Outcome

ANSWER_WITHIN_S = 5.0
ANSWER_LIMIT_BYTES = 64 * 1024
SIGNATURE = "X-Probeboard-Signature"


@dataclass(frozen=True)
class Caller:
    """How this server calls; `tls` is what it trusts."""

    local: bool
    tls: ssl.SSLContext
    within_s: float = ANSWER_WITHIN_S


def sign(secret: str, body: bytes, *, now: datetime) -> str:
    """Return the signature's header: HMAC-SHA256 of the instant, a full stop and the body.

    >>> from datetime import UTC
    >>> sign("pbwh_x", b"{}", now=datetime(2026, 3, 10, tzinfo=UTC))[:20]
    't=1773100800,v1=9ff1'
    """
    instant = int(now.timestamp())
    digest = hmac.new(secret.encode(), b"%d." % instant + body, hashlib.sha256).hexdigest()
    return f"t={instant},v1={digest}"


def call(
    caller: Caller,
    url: str,
    document: Mapping[str, Any],
    *,
    secret: str,
    delivery_id: UUID,
    now: datetime,
) -> Outcome:
    """POST a document. Any 2xx is a success; no redirect is followed, no proxy asked."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Probeboard",
        "X-Probeboard-Delivery": str(delivery_id),
        "X-Probeboard-Kind": str(document["kind"]),
        SIGNATURE: sign(secret, body, now=now),
    }
    try:
        target = read_target(url, local=caller.local)
        address = resolve(target, local=caller.local)
        status = _post(caller, target, address, headers, body)
    except (Refused, socket.gaierror):  # alike, or names inside a network could be found out
        return Outcome(ok=False, error="The host has no address that may be called.")
    except ssl.SSLError as error:
        return Outcome(ok=False, error=f"No trusted connection: {error.reason or error}.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(ok=False, error=f"No answer: {_reason(error)}.")
    if 200 <= status < 300:
        return Outcome(ok=True, status_code=status)
    more = "; redirects are not followed" if 300 <= status < 400 else ""
    return Outcome(ok=False, status_code=status, error=f"It answered {status}{more}.")


def _post(
    caller: Caller, target: Target, address: Address, headers: Mapping[str, str], body: bytes
) -> int:
    connection = _Pinned(caller, target, address)
    # A timeout of the socket's begins anew with each byte; this one does not.
    watchdog = threading.Timer(caller.within_s, connection.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.request("POST", target.path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        answer.read(ANSWER_LIMIT_BYTES)  # what comes after is not waited for
        status = answer.status
    except (OSError, http.client.HTTPException, ValueError):
        if connection.was_cut:
            raise TimeoutError from None
        raise
    finally:
        watchdog.cancel()
        connection.close()
    if connection.was_cut:  # a body that ended because we ended it
        raise TimeoutError
    return status


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, whatever the name means by now."""

    def __init__(self, caller: Caller, target: Target, address: Address) -> None:
        super().__init__(target.host, target.port, timeout=caller.within_s)
        self._caller = caller
        self._target = target
        self._address = str(address)
        self.was_cut = False

    def connect(self) -> None:
        """Connect; the certificate must be the name's."""
        raw = socket.create_connection((self._address, self._target.port), self.timeout)
        self.sock = raw
        if self.was_cut:  # while there was nothing to cut yet
            raise TimeoutError
        if self._target.tls:
            host = self._target.host
            self.sock = self._caller.tls.wrap_socket(raw, server_hostname=host)

    def cut(self) -> None:
        """End whatever is under way."""
        self.was_cut = True
        sock = self.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                sock.close()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"it took longer than {ANSWER_WITHIN_S:.0f} s"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return f"the connection broke ({type(error).__name__})"
