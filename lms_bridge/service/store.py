"""The state as the service opens it. One that has to be made or migrated first is so by a process of its own: what does
that stays in memory.
"""

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lms_bridge.sync.state import State

# The location comes over standard input: it may hold a password, and arguments are seen by everybody.
_PREPARE = "import sys; from lms_bridge.sync.state import State; State.open(sys.stdin.read()).close()"


def open_state(location: str) -> "State":
    """Raises StateError."""
    from lms_bridge.sync.state import State
    from lms_bridge.sync.state_versions import is_current

    if not is_current(location):
        # Whether it came to anything is told by opening.
        subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-P", "-c", _PREPARE],
            input=location,
            text=True,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return State.open(location)
