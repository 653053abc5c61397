"""A mail: what is in its headers is ours, whatever anybody is called; and what may be sent from."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.notices.mail import Letter, write
from app.notices.message import Text
from app.settings import Settings

KEY = UUID("019a9f00-0000-7000-8000-000000000001")
LINK = "https://board.example.org/api/v1/notices/unsubscribe?token=" + "a" * 130
HEADERS = [
    "Content-Type", "Content-Transfer-Encoding", "MIME-Version", "From", "To", "Subject", "Date",
    "Message-ID", "X-Probeboard-Delivery", "Auto-Submitted", "List-Unsubscribe",
    "List-Unsubscribe-Post",
]  # fmt: skip


def letter(subject: str = "News", body: str = "It begins.") -> Letter:
    return Letter(
        delivery_id=KEY,
        to="ada@example.org",
        sender="Board <board@example.org>",
        text=Text(subject, body),
        at=datetime(2026, 3, 10, 12, tzinfo=UTC),
        public_url="https://board.example.org",
        unsubscribe_url=LINK,
    )


@given(st.text(), st.text())
def test_no_text_becomes_a_header_and_no_line_is_too_long(subject: str, body: str) -> None:
    raw = write(letter(subject, body)).as_bytes()
    read = message_from_bytes(raw, policy=policy.default)
    assert read.keys() == HEADERS
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert len(str(read["Subject"])) <= 200


@pytest.mark.parametrize(
    "attack",
    [
        "News\r\nBcc: all@example.org",
        "News\nBcc: all@example.org",
        "a\x00b",
        "a\u2028Bcc: b",
        "é\r",
    ],
)
def test_line_breaks_of_every_kind_are_spaces(attack: str) -> None:
    read = message_from_bytes(write(letter(attack)).as_bytes(), policy=policy.default)
    assert read["Bcc"] is None
    assert len(str(read["Subject"]).splitlines()) == 1


def test_it_is_the_same_each_time_and_can_be_told_from_others() -> None:
    mail = write(letter())
    assert mail.as_bytes() == write(letter()).as_bytes()
    assert mail["Message-ID"] == f"<{KEY}@board.example.org>"
    assert mail["X-Probeboard-Delivery"] == str(KEY)
    assert mail["List-Unsubscribe"] == f"<{LINK}>"
    assert f"<{LINK}>".encode() in mail.as_bytes()  # in one piece
    assert LINK in mail.get_content()


def _settings(**more: str) -> Settings:
    return Settings(
        _env_file=None,
        database_url="postgresql://nobody@localhost/nothing",
        redis_url="redis://localhost:1/0",
        blob_root=Path("blobs"),
        **more,
    )


WRONG: list[dict[str, str]] = [
    {"smtp_url": "smtp://mail.example.org"},
    {"smtp_url": "https://mail.example.org", "mail_from": "a@example.org"},
    {"smtp_url": "smtp://", "mail_from": "a@example.org"},
    {"mail_from": "nobody"},
    {"mail_from": "a@example.org\nBcc: b@example.org"},
    {"mail_from": "a@example.org, b@example.org"},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_settings_that_could_send_nothing_stop_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        _settings(**wrong)


def test_settings_keep_the_mail_servers_password_out_of_sight() -> None:
    settings = _settings(smtp_url="smtps://a:secret@mail.example.org", mail_from="a@example.org")
    assert "secret" not in repr(settings)
