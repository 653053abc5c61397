"""The time, asked in one place and passed on as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)


def to_json_instant(instant: datetime) -> str:
    """Write an instant as the API does: UTC, milliseconds, a final Z."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
