"""The command line: argument → call → sentence → exit code. Nothing imports this room.

Start-up is kept light: a command imports what it needs when it runs.
"""


def main() -> None:
    from lms_bridge.cli.app import app
    from lms_bridge.cli.sentences import told

    told(app)
