"""`python -m lms_bridge.calendars`: reads one calendar anew, by a process of its own, which ends with whatever its text
leads to. What is to be read comes over standard input: its address is a secret.
"""

import json
import sys
from contextlib import suppress
from datetime import datetime

from lms_bridge.calendars import kept
from lms_bridge.calendars.anew import read_anew
from lms_bridge.calendars.feed import from_plain

_MEMORY = 1_000_000_000
_SECONDS = 20
"""Of computing: waiting for a server has bounds of its own."""


def main() -> int:
    asked = json.loads(sys.stdin.read())
    feed, now = from_plain(asked["feed"]), datetime.fromisoformat(asked["now"])
    _limit()
    try:
        try:
            read_anew(feed, now)
        except (OSError, KeyboardInterrupt):
            raise
        except BaseException as error:
            kept.unforeseen(feed, f"it leads to a mistake ({type(error).__name__}).", now)
    except OSError as error:
        sys.stderr.write(f"{feed.copy.parent}: {error.strerror}")
        return 1
    return 0


def _limit() -> None:
    with suppress(ImportError):  # Windows
        import resource

        for which, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _SECONDS)):
            hard = resource.getrlimit(which)[1]
            resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    sys.exit(main())
