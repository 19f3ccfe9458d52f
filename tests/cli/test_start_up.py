"""The command line answers at once: heavy libraries load when a command needs them, and not before."""

import subprocess
import sys

import pytest

HEAVY = ("office365", "alembic", "sqlalchemy", "msal", "openpyxl", "starlette", "uvicorn", "lxml", "requests")
TELL_IMPORTS = """
import sys
sys.argv = ["lms-bridge", *sys.argv[1:]]
from lms_bridge.cli import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["plan", "--help"], ["setup", "moodle", "--help"]])
def test_help_loads_no_heavy_library(words: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", TELL_IMPORTS, *words], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout
    assert set(ran.stderr.split()) & set(HEAVY) == set()


def test_every_command_is_named_in_the_help() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", TELL_IMPORTS, "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    for command in ("init", "check", "plan", "sync", "status", "diff", "schema", "setup", "sandbox", "demo"):
        assert f"\n  {command} " in ran.stdout
