"""Options that a printed script would not heed are refused."""

import pytest
from typer.testing import CliRunner

from lms_bridge.cli.setup import app


@pytest.mark.parametrize("option", [["--provision"], ["--courses", "DS-101"]])
def test_a_script_is_not_printed_as_if_it_heeded_options_that_it_takes_itself(option: list[str]) -> None:
    ran = CliRunner().invoke(app, ["moodle", "--script", *option])
    assert ran.exit_code != 0
    assert "<?php" not in ran.output
