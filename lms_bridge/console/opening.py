"""The console as connectors.yaml wants it, for the service that serves it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from lms_bridge.config.load import load_config
from lms_bridge.console.access.entra import EntraApp, EntraDoor
from lms_bridge.console.access.passwords import PasswordFile
from lms_bridge.console.app import Console, console
from lms_bridge.console.desk import LOOPBACK, Access, Audit, Clock, no_audit
from lms_bridge.service.doors import Doors


def open_console(
    doors: Doors, *, hosts: Sequence[str] = (), audit: Audit = no_audit, clock: Clock = lambda: datetime.now(UTC)
) -> Console:
    """`hosts`: further names under which people reach it. Raises ConfigError. The caller closes it."""
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
            known=settings.entra.authority == "https://login.microsoftonline.com",
        )
        entra = EntraDoor(app, clock)
    passwords = PasswordFile(config.folder / settings.passwords)
    access = Access(passwords=passwords, entra=entra, hosts=(*LOOPBACK, *(host.lower() for host in hosts)))
    return console(doors, load, access, audit=audit, clock=clock)
