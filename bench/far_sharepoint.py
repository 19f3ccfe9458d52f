"""A sandbox SharePoint in a process of its own, as far away as a real one: each of Graph's answers takes 100 ms, and no
connection waits for another's.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import demo_tenant, sharepoint_app
from lms_bridge.sharepoint.connection import connect
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.sharepoint.setup import provision

LATENCY = 0.1
_WITHOUT_END = 10**9


@dataclass(frozen=True, slots=True)
class FarSharePoint:
    url: str
    folder: Path
    tenant: str
    client_id: str

    def settings(self, **more: Any) -> SharePointSettings:
        raw = {
            "site": f"{self.url}/sites/learning",
            "tenant": self.tenant,
            "client_id": self.client_id,
            "credential": {"certificate": {"private_key_file": "app-key.pem", "public_certificate": "app-cert.pem"}},
            "endpoints": {"authority": self.url, "graph_root": self.url, "ca_file": "ca.pem"},
            "units_per_minute": 100_000,
            **more,
        }
        return SharePointSettings.model_validate(raw)

    def session(self) -> requests.Session:
        """With a token, as any other client of Graph has it."""
        connection = connect(self.settings(), self.folder)
        try:
            token = connection.tokens.result(self.url)["access_token"]
        finally:
            connection.close()
        session = requests.Session()
        session.trust_env, session.verify = False, str(self.folder / "ca.pem")
        session.headers["Authorization"] = f"Bearer {token}"
        return session

    def limit(self, units_per_minute: int | None) -> None:
        self._door("PATCH", "behaviour", {"units_per_minute": units_per_minute})

    def spent(self) -> tuple[int, int]:
        """The units that were asked for until now, and the calls that were sent away."""
        told = self._door("GET", "units").get(self.client_id, {"units": 0, "refused": 0})
        return int(told["units"]), int(told["refused"])

    def calls(self) -> dict[str, int]:
        return dict(self._door("GET", "calls"))

    def _door(self, method: str, name: str, body: object = None) -> Any:
        url = f"{self.url}/_sandbox/{name}"
        with requests.request(method, url, json=body, verify=str(self.folder / "ca.pem"), timeout=60) as answer:
            answer.raise_for_status()
            return answer.json()


@contextmanager
def far_sharepoint(folder: Path) -> Iterator[FarSharePoint]:
    """With its lists made, and no budget."""
    command = [sys.executable, "-m", "bench.far_sharepoint", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            url, tenant, client_id = process.stdout.readline().split()
            site = FarSharePoint(url, folder, tenant, client_id)
            list(provision(site.settings(), folder))
            yield site
        finally:
            process.stdin.close()
            process.wait(30)


def main() -> None:
    """Stands until its input ends."""
    demo = demo_tenant(folder=Path(sys.argv[1]))
    pair = demo.server_certificate
    server = SandboxServer(sharepoint_app(demo.tenant), certificate=pair.certificate, private_key=pair.private_key)
    server.faults.add(Fault("delay", path="/v1.0", seconds=LATENCY, times=_WITHOUT_END))
    with server:
        demo.serve_at(server.url)
        print(server.url, demo.tenant.id, demo.client_id, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
