"""The time, asked in one place and passed on as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)


def in_utc(instant: datetime) -> datetime:
    """Tell an instant in UTC, while one that no calendar there holds can still be refused.

    Raises
    ------
    ValueError
        If there is no such instant in UTC.
    """
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("there is no such instant in UTC") from error


def to_json_instant(instant: datetime) -> str:
    """Write an instant as the API does: UTC, milliseconds, a final Z."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
