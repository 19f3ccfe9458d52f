"""The console as connectors.yaml wants it, for the service that serves it."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from lms_bridge.config.load import load_config
from lms_bridge.console.access.entra import EntraApp, EntraDoor
from lms_bridge.console.access.passwords import PasswordFile
from lms_bridge.console.app import Console, console
from lms_bridge.console.desk import LOOPBACK, Access, Audit, Clock
from lms_bridge.service.doors import Doors

log = logging.getLogger(__name__)


def open_console(
    doors: Doors, *, hosts: Sequence[str] = (), audit: Audit | None = None, clock: Clock = lambda: datetime.now(UTC)
) -> Console:
    """`hosts`: further names under which people reach it. `audit`: told each decision; the log, unless told otherwise.
    Raises ConfigError. The caller closes it."""
    load = partial(load_config, doors.config_file)
    config = load()
    settings = config.console
    entra = None
    if settings.entra is not None:
        app = EntraApp(
            authority=f"{settings.entra.authority}/{settings.entra.tenant}",
            client_id=settings.entra.client_id,
            credential=settings.entra.secret.get_secret_value(),
            redirect=f"{settings.entra.address}/sign-in/entra/back",
            ca_file=config.folder / settings.entra.ca_file if settings.entra.ca_file else None,
            known=settings.entra.authority == "https://login.microsoftonline.com",
        )
        entra = EntraDoor(app, clock)
    passwords = PasswordFile(config.folder / settings.passwords)
    access = Access(passwords=passwords, entra=entra, hosts=(*LOOPBACK, *(host.lower() for host in hosts)))
    return console(doors, load, access, audit=audit or logged, clock=clock)


def logged(who: str, what: str, about: str, **details: str) -> None:
    """Each decision as a line of the log. What a decision leads to is in the audit trail, which the engine keeps."""
    told = ", ".join(f"{name} {value}" for name, value in details.items() if value)
    log.info("%s: %s%s", what, about, f" ({told})" if told else "", extra={"by": who})
