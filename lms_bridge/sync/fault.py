"""What is told when a connector or we ourselves made a mistake. Apart, since it is needed wherever one is called."""

from lms_bridge.errors import Problem, Trouble


def fault(error: Exception, where: str, what: str) -> Problem:
    """A mistake of ours or of a connector. Its text may hold anything: its type is told, the log has the rest."""
    return Problem(
        f"It could not be {what}: {type(error).__name__}. This is a mistake in lms-bridge.",
        where,
        "Run again with --verbose and report what it says; everything else went on.",
        trouble=Trouble.MISTAKE,
    )
