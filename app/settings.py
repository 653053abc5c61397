"""The one reader of the environment.

Every value that differs between a laptop and production is a field here; units are in the names.
`DATABASE_URL`, `REDIS_URL` and `BLOB_ROOT` have no default: a process that lacks one does not boot.
"""

import os
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.clock import follow


def _with_psycopg_driver(url: str) -> str:
    """Name the driver, so that the URL a host hands out (`postgresql://…`) works unchanged."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith("postgresql+psycopg://"):
        raise ValueError("must start with postgresql://")
    return url


def _known_redis_scheme(url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://")
    return url


def _known_mail_scheme(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("must start with smtp:// or smtps://, and name a host")
    return url


def _known_web_scheme(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must start with http:// or https://, and name a host")
    return url


def _as_folder(prefix: str) -> str:
    """End a prefix of names with the one slash that makes it a folder."""
    inner = prefix.strip("/")
    return f"{inner}/" if inner else ""


def _one_address(header: str) -> str:
    """Let through a From header: one address, with or without a name before it."""
    if not header.isprintable() or header.count("@") != 1 or "@" not in parseaddr(header)[1]:
        raise ValueError("must be an address, such as Probeboard <board@example.org>")
    return header


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """Configuration of the server and the worker, read once at start."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
    )

    database_url: Annotated[str, AfterValidator(_with_psycopg_driver)]
    redis_url: Annotated[str, AfterValidator(_known_redis_scheme)]
    blob_root: Path

    # Blobs go to this bucket of an S3-compatible store, and `blob_root` is a cache in front of it,
    # of each machine's own. Without, `blob_root` is the store. Credentials, region and retries are
    # the SDK's: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, AWS_MAX_ATTEMPTS, …
    # of the environment (it reads no `.env`), or its files, or the machine's role.
    blob_bucket: str | None = None
    blob_endpoint_url: Annotated[str, AfterValidator(_known_web_scheme)] | None = None
    blob_prefix: Annotated[str, AfterValidator(_as_folder)] = ""
    blob_cache_bytes: PositiveInt = Field(default=20 * 1024**3, description="of each cache folder")

    public_url: str = "http://127.0.0.1:8000"
    metrics_token: SecretStr | None = None
    log_level: str = "INFO"

    database_pool_size: PositiveInt = 10
    database_timeout_s: PositiveInt = 5

    session_lifetime_s: PositiveInt = 12 * 3600
    token_lifetime_max_days: PositiveInt = 365
    login_failures_per_hour: PositiveInt = 20
    refusals_per_hour: PositiveInt = 30

    bundle_limit_bytes: PositiveInt = 256 * 1024**2
    validations_at_once: PositiveInt = 2

    # How late the public sees a change of a board, a hidden or frozen one included.
    board_cache_s: NonNegativeFloat = 1.0
    board_cache_bytes: PositiveInt = Field(default=64 * 1024**2, description="of each process")

    evaluation_time_limit_s: PositiveInt = 1800
    # Of each of a worker's processes; what is larger fails with the code `memory-limit`. Resident
    # at the peak, for n samples of d dimensions and m labels of the largest task: 140 MB + 4·n·d
    # for the mapped matrix (which the limit does not count) + 4·m·d + 32·d² by linear probes, or
    # + 15·m·d by `neuco`; + 4·n·d where a phase scales per dimension. Measured at
    # n = 13,000, d = 1024, m = 8,000 with eleven tasks and 40 splits: 259 MB with spectrum, metrics
    # and predictions; 311 MB by `neuco`.
    evaluation_memory_limit_bytes: PositiveInt = 4 * 1024**3
    lease_s: PositiveFloat = 30.0
    max_attempts: PositiveInt = 3
    sweep_every_s: PositiveFloat = 5.0
    # While submissions of a phase are on their way its board is ranked no more often than this.
    ranking_pause_s: NonNegativeFloat = 10.0
    # Split scores that a worker's process keeps to rank by; 1,000 submissions to eleven tasks in
    # 40 splits take 8 MB.
    score_cache_bytes: PositiveInt = 64 * 1024**2
    # Draws that it keeps: 1,000 entries on eleven tasks take 44 MB. Ranked without, where a pool's
    # are larger.
    draw_cache_bytes: PositiveInt = 64 * 1024**2
    reannounce_after_s: PositiveFloat = 30.0
    visibility_timeout_s: PositiveInt = 7200
    worker_concurrency: PositiveInt = Field(default_factory=_usable_cores)
    blas_threads: PositiveInt = Field(
        default=1, description="of each of a worker's processes; parallel by process, always"
    )

    # Mails go to the server, or else as files to the folder, or else nowhere. The URL is
    # `smtp://user:password@host:587` (STARTTLS where offered, and before a password) or `smtps://`.
    smtp_url: Annotated[SecretStr, AfterValidator(_known_mail_scheme)] | None = None
    mail_from: Annotated[str, AfterValidator(_one_address)] | None = None
    mail_folder: Path | None = None
    # For a laptop: webhooks may then be plain HTTP, to this machine only.
    webhooks_to_loopback: bool = False

    # For rehearsals only: a file by which all processes set their clock; see `app.clock.set_clock`.
    clock_file: Path | None = None

    oldest_queued_limit_s: PositiveFloat = 900.0
    worker_silence_limit_s: PositiveFloat = 30.0
    event_stream_limit_s: PositiveFloat = Field(default=300.0, description="then clients reconnect")

    @model_validator(mode="after")
    def _mails_have_a_sender(self) -> Self:
        if self.smtp_url is not None and self.mail_from is None:
            raise ValueError("mail_from is needed where smtp_url is given")
        return self

    @model_validator(mode="after")
    def _a_place_in_a_bucket_has_a_bucket(self) -> Self:
        if self.blob_bucket is None and (self.blob_endpoint_url or self.blob_prefix):
            raise ValueError("blob_bucket is needed where its endpoint or a prefix is given")
        return self

    @property
    def celery_broker_url(self) -> str:
        """The Redis URL as kombu spells it.

        A unix socket is `redis+socket://` there, and its database `virtual_host`; `db` is ignored.
        """
        if self.redis_url.startswith("unix://"):
            place = re.sub(r"([?&])db=", r"\1virtual_host=", self.redis_url)
            return "redis+socket://" + place.removeprefix("unix://")
        return self.redis_url


def settings_of_environment() -> Settings:
    """Read the settings that a process runs with, and follow the clock that they name.

    Without settings the process ends, and says what is missing.

    Raises
    ------
    SystemExit
        With a line for each setting that is missing or wrong; never with a value, which may be
        secret.
    """
    try:
        settings = Settings()
        follow(settings.clock_file)
        return settings
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        lines = [
            f"  {'_'.join(map(str, fault['loc'])).upper() or 'settings'}: {fault['msg']}"
            for fault in faults
        ]
        told = "\n".join(["Settings are missing or wrong; see app/settings.py:", *lines])
        raise SystemExit(told) from None
