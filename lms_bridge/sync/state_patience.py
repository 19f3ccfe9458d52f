"""How long a PostgreSQL that fell silent is waited for, and how long it waits for us: by the state, and by the queue of
jobs beside it. Pure.

A network that swallows what is sent tells nobody: without these a sync waits for hours, and the server keeps the leases
of a machine that is gone for as long.
"""

from collections.abc import Container

_OURS: dict[str, int] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""libpq's words; in seconds, the last in milliseconds.
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""

THEIRS = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;"
    " SET tcp_user_timeout = '60s'"
)
"""The server's end of a connection, asked for by its first statement, since poolers take no options of ours.
https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS"""


def ours(given: Container[str]) -> dict[str, int]:
    """The options of a connection, besides those that its address gives: these count instead."""
    return {name: value for name, value in _OURS.items() if name not in given}
