"""The log that `-v` shows: a line a record, whatever it quotes, and none of the config's secrets in it.

Apart because records come from everywhere, tracebacks of errors that nobody foresaw among them.
"""

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote

from lms_bridge.cli.printing import harmless

MASK = "•••"
_FURTHER = "\n    | "
_SHORTEST = 6
"""Shorter words are no secrets, and stand everywhere."""
# Secrets that no config names, since a server gave them during the run.
_GIVEN = re.compile(
    r"(?i)(?P<name>bearer\s+|(?:wstoken|token|access_token|userprivateaccesskey|client_secret|client_assertion|password)"
    r"[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;)}\]]{6,}|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"
)


class LineFormatter(logging.Formatter):
    """Further lines, as those of a traceback, are marked as such: no text can forge a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._secrets: re.Pattern[str] | None = None

    def hide(self, secrets: Iterable[str]) -> None:
        """These, and the forms in which addresses and Python write them."""
        parts = {line.strip() for secret in secrets for line in secret.splitlines()}
        forms = {form for part in parts for form in (part, quote(part, safe=""), repr(part)[1:-1])}
        longest_first = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        text = _GIVEN.sub(lambda found: f"{found['name'] or ''}{MASK}", text)
        return _FURTHER.join(harmless(line).replace("\t", " ") for line in text.splitlines())


def show_log() -> None:
    """Everything that this package logs, on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    log = logging.getLogger("lms_bridge")
    log.handlers = [handler]
    log.setLevel(logging.DEBUG)


def hide_in_log(secrets: Iterable[str]) -> None:
    for handler in logging.getLogger("lms_bridge").handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.formatter.hide(secrets)
