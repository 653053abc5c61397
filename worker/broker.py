"""kombu's Redis channel, made to fail as Celery expects.

A channel whose connection was lost is still asked for things: to put its messages back when it is
closed, to acknowledge a job that outlived it. kombu 5.7.0 answers with an AttributeError, which
Celery takes for a bug and ends the worker. A connection error it logs, and reconnects.
"""

from typing import Any

from kombu.transport.redis import Channel, Transport
from redis.exceptions import ConnectionError as BrokerLost


class SteadyChannel(Channel):  # type: ignore[misc]  # kombu has no types
    """A channel that knows when it has no connection any more."""

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.connection is None or self.connection.client is None:
            raise BrokerLost("this channel's connection was lost")
        return super()._connparams(asynchronous)


def use_steady_channels() -> None:
    """Let every connection that this process makes from now on use them."""
    Transport.Channel = SteadyChannel
