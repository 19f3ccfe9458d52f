"""The browser is the one that looks at the sandboxes."""

from tests.sandbox.conftest import browser

__all__ = ["browser"]
