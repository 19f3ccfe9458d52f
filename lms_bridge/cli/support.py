"""`support-bundle` gathers what goes along with a call for help."""

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lms_bridge.cli.options import ConfigOption
from lms_bridge.cli.printing import say


def support_bundle(
    context: typer.Context,
    config: ConfigOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE.zip", help="Where to; default: a new file here.")
    ] = None,
    log: Annotated[Path | None, typer.Option("--log", metavar="FILE", help="Also the end of this log.")] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Also what `check` finds now.")] = True,
) -> None:
    """Gather versions, config, findings and the last runs in one file, without secrets and texts, to pass on."""
    from lms_bridge.cli.options import config_path
    from lms_bridge.errors import UsageError
    from lms_bridge.support import gather

    now = datetime.now(UTC)
    file = output or Path(f"lms-bridge-support-{now:%Y%m%dT%H%M%SZ}.zip")
    step = "Name another file with --output."
    try:
        # Only its owner reads it, and no file that is there is written over.
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"it cannot be written ({error.strerror}).", where=str(file), next_step=step) from error
    try:
        with os.fdopen(opened, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            parts = gather(config_path(context, config), now=now, log=log, with_check=check)
            for name, text in parts.items():
                bundle.writestr(name, text)
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError(f"it cannot be written ({error.strerror}).", where=str(file), next_step=step) from error
        raise
    say(f"Wrote {file}: {', '.join(parts)}. Look through it before you pass it on.")
