"""Mails: written so that no text can become a header, and handed to a server or to a folder."""

import email.policy
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

from app.notices.deliveries import Outcome
from app.notices.message import Text
from app.settings import Settings

SMTP_TIMEOUT_S = 10.0
SUBJECT_LIMIT = 200
NOBODY = "Probeboard <probeboard@localhost>"


class Mailbox(Protocol):
    """Where mails go: a server, or a folder."""

    def send(self, message: EmailMessage, delivery_id: UUID) -> Outcome:
        """Hand a mail over."""


@dataclass(frozen=True)
class Letter:
    """All that a mail is made of."""

    delivery_id: UUID
    to: str
    sender: str
    text: Text
    at: datetime
    public_url: str
    unsubscribe_url: str


def write(letter: Letter) -> EmailMessage:
    """Write a mail; it is the same, byte for byte, at each attempt."""
    host = urlsplit(letter.public_url).hostname or "localhost"
    message = EmailMessage(policy=email.policy.SMTP)
    footer = f"No more mails of this kind, or choose: {letter.unsubscribe_url}"
    message.set_content(f"{letter.text.body}\n\n-- \n{footer}\n", cte="quoted-printable")
    # Folded, the long link below would become words that mail programs do not read as one.
    message.policy = email.policy.SMTP.clone(max_line_length=900)
    message["From"] = letter.sender
    message["To"] = _one_line(letter.to)
    message["Subject"] = _one_line(letter.text.subject)[:SUBJECT_LIMIT]
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.delivery_id}@{host}>"
    message["X-Probeboard-Delivery"] = str(letter.delivery_id)
    message["Auto-Submitted"] = "auto-generated"
    # RFC 8058: mail programs send a POST there, and nothing else of this mail.
    message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def _one_line(text: str) -> str:
    """Leave no sign that ends a header; names are held to one line where they are made, too."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


class MailFolder:
    """A folder that gets a file for each mail: for machines without a mail server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: EmailMessage, delivery_id: UUID) -> Outcome:
        """Write a mail whole or not at all; the same one again replaces itself."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = self.folder / f".{delivery_id}.new"
            unfinished.write_bytes(message.as_bytes())
            unfinished.replace(self.folder / f"{delivery_id}.eml")
        except OSError as error:
            return Outcome(ok=False, error=f"The mail could not be written: {error.strerror}.")
        return Outcome(ok=True)


class MailServer:
    """A connection to an SMTP server, opened at the first mail and kept for those that follow."""

    def __init__(self, url: str, tls: ssl.SSLContext) -> None:
        self._url = urlsplit(url)
        self._tls = tls
        self._client: smtplib.SMTP | None = None

    def send(self, message: EmailMessage, delivery_id: UUID) -> Outcome:
        """Hand a mail over; what the server refuses for good is not tried again."""
        del delivery_id  # it is in the mail
        try:
            client = self._connected()
            client.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            self._hang_up()
            return _refused("The mail server refuses the address", max(codes))
        except smtplib.SMTPNotSupportedError as error:
            self._hang_up()
            return Outcome(ok=False, error=f"The mail server cannot: {error}", for_good=True)
        except smtplib.SMTPAuthenticationError:
            self._hang_up()  # the operator's to mend: nobody's mail is lost by it
            return Outcome(ok=False, error="The mail server does not take our password.")
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            return _refused("The mail server refuses the mail", error.smtp_code)
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            return Outcome(ok=False, error=f"The mail server did not take it: {error!r}"[:300])
        return Outcome(ok=True)

    def close(self) -> None:
        """Say good-bye."""
        if self._client is not None:
            try:
                self._client.quit()
            except (smtplib.SMTPException, OSError):
                self._hang_up()
            self._client = None

    def _connected(self) -> smtplib.SMTP:
        if self._client is not None:
            return self._client
        host, port = self._url.hostname or "localhost", self._url.port
        client: smtplib.SMTP
        if self._url.scheme == "smtps":
            client = smtplib.SMTP_SSL(host, port or 465, timeout=SMTP_TIMEOUT_S, context=self._tls)
        else:
            client = smtplib.SMTP(host, port or 25, timeout=SMTP_TIMEOUT_S)
        self._client = client
        client.ehlo_or_helo_if_needed()
        if self._url.scheme == "smtp" and client.has_extn("starttls"):
            client.starttls(context=self._tls)
        if self._url.username is not None:
            if self._url.scheme == "smtp" and not isinstance(client.sock, ssl.SSLSocket):
                raise smtplib.SMTPException("no STARTTLS, and a password is not sent in clear")
            client.login(unquote(self._url.username), unquote(self._url.password or ""))
        return client

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _refused(what: str, code: int) -> Outcome:
    """A 5xx is for good; all else may pass, as by greylisting."""
    return Outcome(ok=False, error=f"{what} ({code}).", for_good=code >= 500)


def sends_mail(settings: Settings) -> bool:
    """Tell whether this server sends mails at all."""
    return settings.smtp_url is not None or settings.mail_folder is not None


def sender_of(settings: Settings) -> str:
    """Return the From header."""
    return settings.mail_from or NOBODY


@contextmanager
def open_mailbox(settings: Settings, tls: ssl.SSLContext) -> Iterator[Mailbox | None]:
    """Open what the settings name; None if nothing is named."""
    if settings.smtp_url is not None:
        server = MailServer(settings.smtp_url.get_secret_value(), tls)
        try:
            yield server
        finally:
            server.close()
    elif settings.mail_folder is not None:
        yield MailFolder(settings.mail_folder)
    else:
        yield None
