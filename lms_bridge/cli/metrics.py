"""`metrics` writes what the service would tell Prometheus, where no service runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lms_bridge.cli.options import ConfigOption, config_path


def metrics(
    context: typer.Context,
    textfile: Annotated[
        Path, typer.Option("--textfile", metavar="FILE", help="In the folder that the node exporter reads: NAME.prom.")
    ],
    config: ConfigOption = None,
) -> None:
    """Write how every route stands, for Prometheus's node exporter. For syncs under cron or a timer."""
    from lms_bridge.service.reading import Reading
    from lms_bridge.service.textfile import write_metrics

    write_metrics(Reading(config_path(context, config)).served(), textfile, datetime.now(UTC))
