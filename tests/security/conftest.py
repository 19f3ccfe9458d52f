"""The desk is the one that the command line is tried at."""

from tests.cli.conftest import desk

__all__ = ["desk"]
