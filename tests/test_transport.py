"""What a failed request means, how often it is tried again, and what never appears in an error."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lms_bridge.errors import Ambiguous, DestinationError, Unreachable
from lms_bridge.transport import Answer, Fail, Gate, Limits, Request, Retry, Transport, read_json, retry_after

Answers = list[tuple[int, dict[str, str], bytes] | None]
SECRET = "s3cr3t-t0ken"


@dataclass
class Script:
    """What the server answers, one after the other; the last one for ever."""

    answers: Answers
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    script: Script

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        script = self.script
        script.seen.append((self.path, dict(self.headers), body))
        answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
        if answer is None:
            self.close_connection = True
            self.connection.close()
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Ticking:
    """Time that passes when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)

    def gate(self) -> Gate:
        return Gate(clock=lambda: self.now, sleep=self.sleep)


@dataclass
class Site:
    url: str
    script: Script
    time: Ticking = field(default_factory=Ticking)

    @property
    def slept(self) -> list[float]:
        return self.time.slept

    def transport(self, **limits: float) -> Transport:
        return Transport(limits=Limits(**{"first_wait": 1.0, **limits}), gate=self.time.gate())  # type: ignore[arg-type]

    def request(self, *, repeatable: bool = False) -> Request:
        return Request(method="POST", url=f"{self.url}/a?token={SECRET}", body=b"x", repeatable=repeatable)


def serve(script: Script, context: ssl.SSLContext | None = None) -> tuple[HTTPServer, str]:
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": script}))
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server, f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"


@pytest.fixture
def site() -> Iterator[Site]:
    script = Script([(200, {}, b"{}")])
    server, url = serve(script)
    yield Site(url, script)
    server.shutdown()
    server.server_close()


def usable(answer: Answer) -> Retry | Fail | None:
    if answer.status in (429, 503):
        return Retry(DestinationError(f"busy {answer.status}."), retry_after(answer.headers))
    return Fail(DestinationError(f"HTTP {answer.status}")) if answer.status >= 400 else None


def test_an_answer_comes_whole_and_names_who_asked(site: Site) -> None:
    site.script.answers = [(200, {}, b'{"a": 1}')]
    assert site.transport().send(site.request(), usable).json() == {"a": 1}
    assert site.script.seen[0][1]["User-Agent"].startswith("lms-bridge/")


def test_a_busy_server_is_asked_again_after_as_long_as_it_says(site: Site) -> None:
    site.script.answers = [(429, {"Retry-After": "7"}, b""), (503, {"Retry-After": "3"}, b""), (200, {}, b"{}")]
    assert site.transport().send(site.request(), usable).status == 200
    assert site.slept == [7.0, 3.0]


def test_waits_grow_where_the_server_does_not_say_how_long(site: Site) -> None:
    site.script.answers = [(503, {}, b"")]
    with pytest.raises(DestinationError, match="busy 503"):
        site.transport(attempts=4).send(site.request(), usable)
    assert len(site.script.seen) == 4
    assert len(site.slept) == 3
    assert site.slept[0] < site.slept[1] < site.slept[2]


def test_a_wait_that_is_too_long_is_told_instead_of_shortened(site: Site) -> None:
    site.script.answers = [(429, {"Retry-After": "4000"}, b"")]
    with pytest.raises(DestinationError, match="asks to wait 4000 seconds"):
        site.transport().send(site.request(), usable)
    assert site.slept == []


def test_a_lost_answer_makes_a_write_ambiguous_and_it_is_not_sent_twice(site: Site) -> None:
    site.script.answers = [None]
    with pytest.raises(Ambiguous):
        site.transport().send(site.request(), usable)
    assert len(site.script.seen) == 1


def test_a_lost_answer_makes_a_read_be_asked_again(site: Site) -> None:
    site.script.answers = [None, (200, {}, b"{}")]
    assert site.transport().send(site.request(repeatable=True), usable).status == 200


def test_a_cut_answer_is_no_answer(site: Site) -> None:
    site.script.answers = [(200, {"Content-Length": "100"}, b"half")]
    with pytest.raises(Ambiguous):
        site.transport(read_timeout=0.3).send(site.request(), usable)


def test_a_server_that_is_not_there_surely_did_nothing() -> None:
    transport = Transport(limits=Limits(attempts=2), gate=Ticking().gate())
    with pytest.raises(Unreachable, match="refused"):
        transport.send(Request(method="POST", url=f"http://127.0.0.1:9/?t={SECRET}"), usable)


def test_an_answer_that_is_lost_behind_a_proxy_is_as_ambiguous_as_any(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", site.url)
    monkeypatch.setenv("no_proxy", "")
    site.script.answers = [None, (200, {}, b"a second time")]
    with pytest.raises(Ambiguous):
        site.transport().send(Request(method="POST", url="http://moodle.example.org/", body=b"x"), usable)
    assert [path for path, _, _ in site.script.seen] == ["http://moodle.example.org/"]


def test_a_proxy_that_refuses_or_is_not_there_surely_passed_nothing_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", site.url)
    for address in ("http://moodle.example.org/", "https://moodle.example.org/"):
        with pytest.raises(Unreachable, match="the proxy could not be reached or refused"):
            site.transport().send(Request(method="POST", url=address, body=b"x"), usable)
    assert site.script.seen == []


def test_an_address_that_is_none_is_told_at_once() -> None:
    time = Ticking()
    with pytest.raises(Unreachable, match="cannot be used"):
        Transport(gate=time.gate()).send(Request(method="GET", url="htp:/x"), usable)
    assert time.slept == []


def test_redirects_are_left_to_the_client_and_cookies_are_not_kept(site: Site) -> None:
    site.script.answers = [(303, {"Location": "/elsewhere", "Set-Cookie": "a=b"}, b""), (200, {}, b"{}")]
    transport = site.transport()
    assert transport.send(site.request(), usable).status == 303
    transport.send(site.request(), usable)
    assert "Cookie" not in site.script.seen[1][1]


def test_an_endless_answer_is_cut_off(site: Site) -> None:
    site.script.answers = [(200, {}, b"x" * 5000)]
    with pytest.raises(DestinationError, match="larger than 1000 bytes"):
        site.transport(max_bytes=1000).send(site.request(repeatable=True), usable)


@pytest.mark.parametrize("answers", [[None], [(500, {}, b"")], [(429, {"Retry-After": "9999"}, b"")]])
def test_no_error_holds_the_query_of_an_address(
    site: Site, answers: list[tuple[int, dict[str, str], bytes] | None]
) -> None:
    site.script.answers = answers
    request = site.request()
    with pytest.raises(DestinationError) as caught:
        site.transport().send(request, usable)
    assert SECRET not in f"{caught.value}{caught.value.__cause__}{request!r}"


def test_a_login_in_netrc_does_not_replace_our_own(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    request = Request(method="GET", url=site.url, headers={"Authorization": "Bearer ours"})
    site.transport().send(request, usable)
    assert site.script.seen[0][1]["Authorization"] == "Bearer ours"


class Budget:
    def __init__(self) -> None:
        self.waits = [2.5, 0.0]
        self.after_hosts: list[str] = []

    def before(self, request: Request) -> float:
        return self.waits.pop(0)

    def after(self, request: Request, answer: Answer) -> None:
        self.after_hosts.append(request.host)


def test_a_budget_is_asked_before_and_told_after_each_request(site: Site) -> None:
    budget = Budget()
    Transport(budget=budget, gate=site.time.gate()).send(site.request(), usable)
    assert site.slept == [2.5]
    assert budget.after_hosts == [site.request().host]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("5", 5.0), ("0.5", 0.5), ("Wed, 01 Jan 2025 00:00:10 GMT", 10.0), ("Wed, 01 Jan 2020 00:00:00 GMT", 0.0)]
    + [(bad, None) for bad in ("", "soon", "-3", "5 apples", "١")],
)
def test_retry_after_is_read_in_both_its_forms(value: str, seconds: float | None) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    assert retry_after({"Retry-After": value}, now=now) == seconds


def certificate(folder: Path, *, expired: bool = False) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 and a server context that shows it."""
    from ipaddress import ip_address

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=-1 if expired else 1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return pem, context


@pytest.mark.parametrize(("expired", "sentence"), [(True, "has expired"), (False, "not trusted")])
def test_a_bad_certificate_has_a_sentence_of_its_own(tmp_path: Path, expired: bool, sentence: str) -> None:
    pem, context = certificate(tmp_path, expired=expired)
    server, url = serve(Script([(200, {}, b"{}")]), context)
    try:
        with pytest.raises(Unreachable, match=sentence):
            Transport(ca_file=pem if expired else None).send(Request(method="GET", url=url), usable)
    finally:
        server.shutdown()
        server.server_close()


def test_an_own_ca_file_wins_over_one_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem, context = certificate(tmp_path)
    server, url = serve(Script([(200, {}, b"{}")]), context)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "key.pem"))
    try:
        transport = Transport(ca_file=pem)
        assert transport.send(Request(method="GET", url=url), usable).status == 200
        transport.close()
    finally:
        server.shutdown()
        server.server_close()


def test_a_ca_file_that_is_none_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"missing\.pem"):
        Transport(ca_file=tmp_path / "missing.pem")


@pytest.mark.parametrize("content", [b'{"id": 1e400}', b"[-1e999]", b"NaN", b"[Infinity]", b"[" * 100_000])
def test_a_json_that_no_computation_expects_is_none(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_json(content)


def test_halves_of_signs_are_replaced_and_whole_ones_stay() -> None:
    assert read_json(rb'{"\uD800": ["a\udfff", "\ud83d\ude00", 1.5]}') == {"�": ["a�", "😀", 1.5]}


def test_a_server_that_answers_nothing_usable_is_not_asked_for_ever(site: Site) -> None:
    transport = site.transport(attempts=2)
    site.script.answers = [None]
    for _ in range(5):
        with pytest.raises(Unreachable):
            transport.send(site.request(repeatable=True), usable)
    asked = len(site.script.seen)
    assert asked == 10
    for _ in range(20):
        with pytest.raises(Unreachable, match=r"no usable answer to 5 calls in a row.*run again\."):
            transport.send(site.request(repeatable=True), usable)
    assert len(site.script.seen) == asked


def test_one_usable_answer_is_enough_to_go_on(site: Site) -> None:
    transport = site.transport(attempts=1)
    for _ in range(5):
        site.script.answers = [None]
        for _ in range(4):
            with pytest.raises(Unreachable):
                transport.send(site.request(repeatable=True), usable)
        site.script.answers = [(200, {}, b"{}")]
        assert transport.send(site.request(), usable).status == 200


def test_more_tries_are_for_a_server_that_is_there(site: Site) -> None:
    """Whoever gives the tokens gets more of them than others; where nobody listens, people wait for the sentence."""
    unheard = Request(method="GET", url="http://127.0.0.1:9/", repeatable=True, attempts=10)
    with pytest.raises(Unreachable, match="refused"):
        site.transport(attempts=3).send(unheard, usable)
    assert len(site.slept) == 2
    site.slept.clear()
    site.script.answers = [(503, {}, b"")]
    patient = Request(method="GET", url=site.url, repeatable=True, attempts=10)
    with pytest.raises(DestinationError, match="busy"):
        site.transport(attempts=3).send(patient, usable)
    assert len(site.slept) == 9
