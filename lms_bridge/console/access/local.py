"""Paths that a visitor may be sent on to: of this console, and nowhere else."""

import re

_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


def local_path(wanted: str) -> str:
    """The path if it is one of ours, else the overview. Browsers read `//host`, `/\\host` and tabs inside as hosts.

    https://cheatsheetseries.owasp.org/cheatsheets/Unvalidated_Redirects_and_Forwards_Cheat_Sheet.html
    """
    return wanted if len(wanted) <= 2_000 and _PATH.fullmatch(wanted) else "/"
