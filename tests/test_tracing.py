"""Traces: what a collector is told of a sync, and that nothing is loaded where there is none.

The collector is a server of ours that reads OpenTelemetry's protocol as its own package does.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.service.serve_world import ROOT, Home, home

COMMAND = "import sys; from lms_bridge.cli import main\ntry: main()\nfinally: print(*sorted(sys.modules))"


class Collector(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Collecting)
        self.spans: list[Any] = []
        self.resources: list[Any] = []
        self.raw = b""

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


class _Collecting(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.raw += content
        for part in ExportTraceServiceRequest.FromString(content).resource_spans:
            self.server.resources.append(part.resource)
            self.server.spans += [span for scope in part.scope_spans for span in scope.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path) as made:
        yield made


def sync(site: Home, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    named = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run(
        [sys.executable, "-c", COMMAND, "sync", *words],
        cwd=site.folder,
        env={**named, "PYTHONPATH": str(ROOT), "OTEL_EXPORTER_OTLP_COMPRESSION": "none", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def told_by(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_run_is_one_span_and_each_call_is_one_within_it(site: Home, collector: Collector) -> None:
    address = f"http://127.0.0.1:{collector.server_port}"
    ran = sync(site, OTEL_EXPORTER_OTLP_ENDPOINT=address)
    assert ran.returncode == 0, ran.stderr
    (run,) = collector.named("sync")
    assert told_by(run)["lmsbridge.routes"] == "pages"
    assert told_by(run)["lmsbridge.run"]
    assert "lmsbridge.exit_code" in told_by(run)
    calls = [span for span in collector.spans if span is not run]
    assert len(calls) >= 2
    for call in calls:
        assert (call.trace_id, call.parent_span_id) == (run.trace_id, run.span_id)
        assert call.name == f"POST {site.server.url.removeprefix('http://')}"
        assert told_by(call)["http.response.status_code"] == 200
        assert told_by(call)["lmsbridge.calls"] >= 1
    named = {each.key: each.value.string_value for each in collector.resources[0].attributes}
    assert named["service.name"] == "lms-bridge"
    assert (site.folder / "token").read_bytes() not in collector.raw
    # The path of an address may be a secret: that of a webhook is.
    assert b"server.php" not in collector.raw


def test_a_call_that_failed_is_told_by_its_kind(site: Home, collector: Collector) -> None:
    text = site.config.read_text("utf-8").replace(site.server.url, "http://127.0.0.1:9")
    site.config.write_text(text.replace("type: moodle,", "type: moodle, attempts: 1,"), encoding="utf-8")
    ran = sync(site, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}")
    assert ran.returncode == 6
    (run,) = collector.named("sync")
    assert told_by(run)["lmsbridge.exit_code"] == 6
    (call, *_) = collector.named("POST 127.0.0.1:9")
    assert told_by(call)["error.type"] == "Unreachable"
    assert call.status.code == 2


def test_without_an_address_nothing_of_it_is_loaded(site: Home) -> None:
    ran = sync(site)
    assert ran.returncode == 0
    assert "opentelemetry" not in ran.stdout
    assert "lms_bridge.tracing" in ran.stdout


def test_without_the_extra_a_sync_goes_on_and_names_the_command_that_installs_it(site: Home) -> None:
    (site.folder / "opentelemetry").mkdir()
    (site.folder / "opentelemetry" / "__init__.py").write_text("", encoding="utf-8")
    path = os.pathsep.join([str(site.folder), str(ROOT)])
    ran = sync(site, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", PYTHONPATH=path)
    assert ran.returncode == 0
    assert "pip install '.[otel]'" in ran.stderr


def test_what_ends_a_run_is_told_by_its_kind_since_its_sentence_may_quote_anything(
    site: Home, collector: Collector
) -> None:
    ran = sync(
        site, "--checksum=what-was-reviewed", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}"
    )
    assert ran.returncode not in (0, 6)
    (run,) = collector.named("sync")
    assert (run.status.code, run.status.message) == (2, "")
    assert told_by(run)["error.type"] == "StateError"
