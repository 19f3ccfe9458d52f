"""A network in front of PostgreSQL that swallows what is sent from some moment on: nothing is refused, and nobody hangs
up."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread, Timer
from urllib.parse import urlsplit

_AT_ONCE = 65_536
_PATIENCE = 30.0


@dataclass(frozen=True)
class Network:
    """`gave_up`: whoever sends through it did not, and it hung up itself, so that a test comes to an end."""

    address: str
    gave_up: Event = field(default_factory=Event)


@contextmanager
def swallowing(address: str, *, after: int) -> Iterator[Network]:
    """Lets so many bytes of each connection through to the server, and then reads no more."""
    listening = socket.create_server(("127.0.0.1", 0))
    # What is not read must not fit into what the system keeps for the reader.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _AT_ONCE)
    server = urlsplit(address)
    held: list[socket.socket] = []
    taking = Thread(target=_take, args=(listening, (server.hostname, server.port), after, held), daemon=True)
    taking.start()
    network = Network(address.replace(f":{server.port}/", f":{listening.getsockname()[1]}/"))
    hanging_up = Timer(_PATIENCE, _hang_up, (network, held))
    hanging_up.start()
    try:
        yield network
    finally:
        hanging_up.cancel()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        taking.join()
        for each in held:
            each.close()


def _hang_up(network: Network, held: list[socket.socket]) -> None:
    network.gave_up.set()
    for each in held:
        each.shutdown(socket.SHUT_RDWR)


def _take(
    listening: socket.socket, server: tuple[str | None, int | None], after: int, held: list[socket.socket]
) -> None:
    while True:
        try:
            near = listening.accept()[0]
        except OSError:
            return
        far = socket.create_connection((server[0] or "", server[1] or 0))
        held += [near, far]
        Thread(target=_forward, args=(near, far, after), daemon=True).start()


def _forward(near: socket.socket, far: socket.socket, left: int) -> None:
    while left > 0:
        try:
            for readable in select.select([near, far], [], [])[0]:
                some = readable.recv(min(left, _AT_ONCE) if readable is near else _AT_ONCE)
                if not some:
                    for each in (near, far):
                        each.close()
                    return
                (far if readable is near else near).sendall(some)
                left -= len(some) if readable is near else 0
        except (OSError, ValueError):
            return
