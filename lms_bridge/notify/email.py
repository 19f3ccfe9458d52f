"""An e-mail by a mail server, encrypted and with its certificate looked at. One module knows SMTP."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from lms_bridge.config.notifications import EmailSettings
from lms_bridge.errors import DestinationError, Unreachable
from lms_bridge.notify.message import Message, headline, text_of

SECONDS = 15.0
"""For each answer of the server."""


def send(settings: EmailSettings, message: Message, folder: Path) -> None:
    """Raises DestinationError."""
    where = f"{settings.host}:{settings.port}"
    try:
        context = _context(settings, folder)
        with _connected(settings, context) as server:
            if settings.user is not None and settings.password is not None:
                server.login(settings.user, settings.password.get_secret_value())
            refused = server.send_message(mail(settings, message))
    except ssl.SSLCertVerificationError as error:
        raise DestinationError(
            f"the mail server's certificate is not to be trusted ({error.verify_message})",
            where=where,
            next_step="Name the server as its certificate does, or give `ca_file`.",
        ) from None
    except smtplib.SMTPException as error:
        # The server's own words may quote what was sent to it, the password among it.
        raise DestinationError(
            f"the mail server refused: {_code(error)}", where=where, next_step=_step(error)
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        step = "Check host, port and firewall."
        raise Unreachable(f"the mail server cannot be reached ({reason})", where=where, next_step=step) from None
    if refused:
        cause = f"the mail server refused {len(refused)} of {len(settings.to)} addresses"
        raise DestinationError(cause, where=where, next_step="Check `to`.")


def mail(settings: EmailSettings, message: Message) -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = f"[lms-bridge] {headline(message)}"
    made["From"] = settings.sender
    made["To"] = ", ".join(settings.to)
    made["Date"] = format_datetime(message.at)
    made["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    # So that nobody's absence notice answers. RFC 3834, section 5
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text_of(message))
    return made


def _context(settings: EmailSettings, folder: Path) -> ssl.SSLContext:
    """Raises DestinationError."""
    try:
        return ssl.create_default_context(cafile=str(folder / settings.ca_file) if settings.ca_file else None)
    except OSError as error:
        raise DestinationError(
            f"the CA file cannot be used ({error.strerror or 'it holds no certificate'})",
            where=str(settings.ca_file),
            next_step="Let `ca_file` name a PEM file.",
        ) from None


def _connected(settings: EmailSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(settings.host, settings.port, timeout=SECONDS)
    if settings.security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _code(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "none of the addresses is taken"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it offers no STARTTLS, or no way to sign in"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__.removeprefix('SMTP')}, code {error.smtp_code}"
    return type(error).__name__.removeprefix("SMTP")


def _step(error: smtplib.SMTPException) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            return "Check `user` and `password`."
        case smtplib.SMTPNotSupportedError():
            return "Use a port with STARTTLS (587), or `security: tls` (465)."
        case smtplib.SMTPRecipientsRefused() | smtplib.SMTPSenderRefused():
            return "Check `from` and `to`, and whether the server lets this machine send."
        case _:
            return "Look into the mail server's log."
