"""`python -m lms_bridge.service`: what `lms-bridge serve` becomes, without what the command line needs.

A process of its own from the start, since what was loaded once stays in memory for months.
"""

import argparse
import logging
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from lms_bridge.errors import ConfigError, UsageError
from lms_bridge.service.reading import Reading
from lms_bridge.service.watched import Watched

PORT = 8460
_TICK = 5.0
"""Seconds between two looks at config and state."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="lms-bridge serve")
    parser.add_argument("--config", type=Path, default=Path("connectors.yaml"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--log-format", choices=["lines", "json"], default="lines")
    parser.add_argument("--tick", type=float, default=_TICK, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    # Links are followed each time anew: a ConfigMap and git-sync exchange them.
    file = asked.config.absolute()
    watched = Watched(file)
    # Read beside everything that is loaded meanwhile.
    reading = Reading(file)

    from lms_bridge.service import serving
    from lms_bridge.service.log import show_log

    show_log(as_json=asked.log_format == "json")
    # With the database library, in the time in which the config is read.
    import_module("lms_bridge.sync.state")
    try:
        served = reading.served()
    except ConfigError as error:
        for problem in error.problems:
            logging.getLogger("lms_bridge.service").error("%s", problem)
        return 7 if error.passing else 2
    try:
        listening = serving.listen(asked.host, asked.port)
    except UsageError as error:
        logging.getLogger("lms_bridge.service").error("%s", error.problem)
        return 2
    tick = timedelta(seconds=asked.tick)
    with listening:
        return serving.serve(served, watched, listening, host=asked.host, tick=tick, clock=lambda: datetime.now(UTC))


if __name__ == "__main__":
    sys.exit(main())
