"""Play the demo in a thread, so that the main thread can go on supervising its children."""

import threading
from collections.abc import Mapping
from pathlib import Path

from app.local import examples, system
from app.local.client import Api, curl_line
from app.local.credentials import Credentials
from app.local.demo import Demo, Interrupted, Outcome
from app.local.errors import LocalError
from app.local.terminal import Terminal, show_outcome


class Playing:
    """The demo under way; `failure` says why it ended early, if it did."""

    def __init__(
        self,
        *,
        data: Path,
        example: Path,
        url: str,
        environment: Mapping[str, str],
        terminal: Terminal,
        stop: threading.Event,
    ) -> None:
        self.failure: LocalError | None = None
        self._credentials = Credentials(data / "demo.json")
        self._example = example
        self._url = url
        self._environment = environment
        self._terminal = terminal
        self._stop = stop
        # A daemon: a request that hangs must not keep a stopped system alive.
        self._thread = threading.Thread(target=self._play, name="demo", daemon=True)
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        """Tell whether the demo is over, one way or the other."""
        return not self._thread.is_alive()

    def _play(self) -> None:
        api = Api(self._url)
        try:
            example = examples.read(self._example)
            with self._terminal.progress() as show:
                demo = Demo(
                    api=api,
                    example=example,
                    credentials=self._credentials,
                    allow_organizer=lambda email: system.allow_organizer(email, self._environment),
                    show=show,
                    stop=self._stop,
                )
                outcome = demo.play()
            self._show(outcome, example)
        except LocalError as error:
            self.failure = error
        except OSError as error:
            self.failure = LocalError(f"{error.strerror}: {error.filename}")
        except Interrupted:
            pass
        finally:
            api.close()

    def _show(self, outcome: Outcome, example: examples.Example) -> None:
        phase_id = outcome.phase_ids[example.phases[0]]
        curl = curl_line(
            f"{self._url}/api/v1/phases/{phase_id}/submissions",
            token=outcome.guest_token,
            file=example.guest_file,
            method_name="My first try",
        )
        names = (example.organizer.email, example.guest.email)
        show_outcome(self._terminal, outcome, public_url=self._url, curl=curl, names=names)
        if outcome.not_scored:
            self.failure = LocalError("Not every submission of the demo was scored.")
