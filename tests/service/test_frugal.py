"""What a service that nobody looks at does without: it lives for months beside other things."""

import subprocess
import sys
from pathlib import Path

from lms_bridge.service.store import open_state

ASKED = """
import asyncio, sys
from lms_bridge.service.app import Served, build_app
from lms_bridge.service.doors import Health

class Doors:
    def health(self):
        return Health(ready=True, problems=())

async def asked(path):
    told = []
    async def send(message):
        told.append(message)
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": [(b"host", b"localhost")], "http_version": "1.1", "scheme": "http", "root_path": ""}
    await build_app(Served(doors=Doors(), metrics=lambda: b"up 1"))(scope, None, send)
    print(told[0]["status"], told[1]["body"].decode())

for path in ("/healthz", "/readyz", "/metrics"):
    asyncio.run(asked(path))
print(sorted({"anyio._backends", "pydantic", "yaml", "lxml", "requests"} & set(sys.modules)))
"""


def test_health_and_metrics_are_answered_without_what_people_and_runs_need() -> None:
    ran = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.split("\n") == ["200 ok", "", '200 {"ready":true,"problems":[]}', "200 up 1", "[]", ""]


def test_a_service_holds_little_of_the_file_that_its_state_is(tmp_path: Path) -> None:
    state = open_state(str(tmp_path / "state.sqlite"))
    with state, state._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar() == -256
