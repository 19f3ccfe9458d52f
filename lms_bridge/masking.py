"""Secrets → •••, in whatever is shown: a log, or what goes along with a call for help."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

MASK = "•••"
_SHORTEST = 6
"""Shorter words are no secrets, and stand everywhere."""
# Secrets that no config names, since a server gave them during the run.
_GIVEN = re.compile(
    r"(?i)(?P<name>bearer\s+|(?:wstoken|token|access_token|userprivateaccesskey|client_secret|client_assertion|password)"
    r"[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;)}\]]{6,}|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"
)


def masking(secrets: Iterable[str]) -> Callable[[str], str]:
    """These, in the forms in which addresses and Python write them too, and whatever looks like one that was given."""
    parts = {line.strip() for secret in secrets for line in secret.splitlines()}
    forms = {form for part in parts for form in (part, quote(part, safe=""), repr(part)[1:-1])}
    longest_first = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def masked(text: str) -> str:
        if known is not None:
            text = known.sub(MASK, text)
        return _GIVEN.sub(lambda found: f"{found['name'] or ''}{MASK}", text)

    return masked
