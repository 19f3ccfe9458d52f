"""OpenTelemetry traces: a span a run, and in it one for each call to a destination.

Loads nothing, and costs nothing, unless an address to export to is set. Apart because every room may be looked into,
and none of them should know how.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager as Context
from contextlib import contextmanager, nullcontext
from typing import Any

_log = logging.getLogger(__name__)

# https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
_ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_NAME = "lms-bridge"

Mark = Callable[[str, str | int], None]
"""Says something about what is under way: a name of OpenTelemetry's conventions, or of ours, and its value."""


def _unmarked(name: str, value: str | int) -> None:
    pass


@contextmanager
def traced_run(command: str) -> Iterator[Mark]:
    """Around all that a process does for one run. OpenTelemetry tells what it could not export, which harms nothing."""
    if not any(os.environ.get(name) for name in _ADDRESSES):
        yield _unmarked
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        _log.warning("nothing is traced: run `pip install '.[otel]'` in a checkout of lms-bridge")
        yield _unmarked
        return
    provider = TracerProvider(resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", _NAME)}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        with _span(provider, command) as span:
            # Calls are made by threads, which do not know what their process is about.
            provider.run = trace.set_span_in_context(span)  # type: ignore[attr-defined]  # ours, on theirs
            yield span.set_attribute
    finally:
        provider.shutdown()


def traced_call(method: str, host: str, calls: int) -> Context[Mark]:
    """Around one request with all its tries; `calls` is how many it carries. Of its address the host alone is told: in
    that of a webhook the path may be the secret."""
    trace = sys.modules.get("opentelemetry.trace")
    provider = trace.get_tracer_provider() if trace is not None else None
    run = getattr(provider, "run", None)
    if provider is None or run is None:
        return nullcontext(_unmarked)
    about: dict[str, str | int] = {"http.request.method": method, "server.address": host, "lmsbridge.calls": calls}
    return _call(provider, run, f"{method} {host}", about)


@contextmanager
def _call(provider: Any, run: Any, name: str, attributes: dict[str, str | int]) -> Iterator[Mark]:
    from opentelemetry.trace import SpanKind

    with _span(provider, name, context=run, kind=SpanKind.CLIENT, attributes=attributes) as span:
        yield span.set_attribute


@contextmanager
def _span(provider: Any, name: str, **about: Any) -> Iterator[Any]:
    from opentelemetry.trace import Status, StatusCode

    tracer = provider.get_tracer(_NAME)
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False, **about) as span:
        try:
            yield span
        except Exception as error:
            # By its kind alone: what it says may quote what was sent.
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
