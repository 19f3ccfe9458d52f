"""The command line: argument → call → sentence → exit code. Nothing imports this room.

Start-up is kept light: a command imports what it needs when it runs.
"""

import gc

_PATIENCE = 50_000
"""Objects that are made and not given back before any are looked at for circles: some megabytes. Nearly all that a
run makes is of use to its end, and at Python's own 700 all of it is looked through again and again."""


def main() -> None:
    gc.set_threshold(_PATIENCE)
    from lms_bridge.cli.app import app
    from lms_bridge.cli.sentences import told

    told(app)
