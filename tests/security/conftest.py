"""The browser is the one that looks at the sandboxes, the desk the one that the command line is tried at."""

from tests.cli.conftest import desk
from tests.sandbox.conftest import browser

__all__ = ["browser", "desk"]
