"""Choose the port of the server."""

import socket

from app.local.errors import LocalError

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
PORTS_TO_TRY = 50


def is_free(port: int) -> bool:
    """Tell whether a server could listen on `port` of the loopback interface now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(wanted: int | None, *, default: int = DEFAULT_PORT) -> int:
    """Return the wanted port, or the first free one from `default` up when none was wanted.

    Raises LocalError when the wanted port is taken, or all that were tried.
    """
    if wanted is not None:
        if not is_free(wanted):
            raise LocalError(f"Port {wanted} of {HOST} is in use or not allowed; choose another.")
        return wanted
    for port in range(default, default + PORTS_TO_TRY):
        if is_free(port):
            return port
    raise LocalError(f"Ports {default} to {default + PORTS_TO_TRY - 1} are all in use.")
