"""`serve` runs every route by its timetable, and answers over HTTP."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from lms_bridge.cli.options import ConfigOption, LogFormat, config_path


def serve(
    context: typer.Context,
    config: ConfigOption = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where health and metrics answer.")] = 8460,
    host: Annotated[
        str, typer.Option("--host", help="At which of this machine's addresses; others can reach all but the default.")
    ] = "127.0.0.1",
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="Of the lines on standard error.")] = (
        LogFormat.LINES
    ),
) -> None:
    """Run every route by its `schedule`, until SIGTERM or Ctrl-C."""
    words = [f"--config={config_path(context, config)}", f"--host={host}", f"--port={port}"]
    # -P: a file of the folder it is begun in, which authors may write, is never taken for a library.
    command = [sys.executable, "-P", "-m", "lms_bridge.service", *words, f"--log-format={log_format.value}"]
    if os.name == "posix":
        # The same process, rid of what the command line loaded.
        # Threads that keep heaps of their own would let it grow without need: mallopt(3).
        os.execve(command[0], command, {"MALLOC_ARENA_MAX": "2", **os.environ})  # noqa: S606 - our own module
    raise typer.Exit(subprocess.call(command))  # noqa: S603
