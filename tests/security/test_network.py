"""Credentials go to the server that the config names and to nobody else, and no answer can grow, forge or mislead."""

import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lms_bridge.errors import BridgeError, DestinationError
from lms_bridge.moodle.exchange import Exchange
from lms_bridge.moodle.protocol import Call, form
from lms_bridge.sharepoint.auth import TokenProvider
from lms_bridge.sharepoint.batch import Call as GraphCall
from lms_bridge.sharepoint.budget import Budget
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.sharepoint.client_pipeline import GraphPipeline
from lms_bridge.sharepoint.endpoints import Endpoints
from lms_bridge.sharepoint.entra_http import EntraHttp
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource
from lms_bridge.transport import Answer, Limits, Pace, Request, Transport
from tests.test_transport import Script, Site, serve

SECRET = "s3cr3t-t0ken-0123456789"
REDIRECTS = (301, 302, 303, 307, 308)


@pytest.fixture
def site() -> Iterator[Site]:
    script = Script([(200, {}, b"{}")])
    server, url = serve(script)
    yield Site(url, script)
    server.shutdown()
    server.server_close()


@pytest.fixture
def canary() -> Iterator[Site]:
    """A host that is nobody's destination. Whatever reaches it has failed the test."""
    script = Script([(200, {}, b"{}")])
    server, url = serve(script)
    yield Site(url.replace("127.0.0.1", "localhost"), script)
    server.shutdown()
    server.server_close()


def transport(site: Site) -> Transport:
    return site.transport(attempts=2, first_wait=0.0)


def ask_moodle(site: Site) -> None:
    call = Call(function="core_webservice_get_site_info", args={})
    Exchange(transport(site), url=site.url, token=SECRET).post(call, form)


def upload_to_moodle(site: Site) -> None:
    Exchange(transport(site), url=site.url, token=SECRET).upload("x.png", b"x", "image/png", draft=0)


def graph(site: Site) -> GraphClient:
    tokens = {"token_type": "Bearer", "access_token": SECRET}
    pipeline = GraphPipeline(site.url, lambda: tokens, "tests", transport(site))

    class NoTokens:
        def renew(self, refused: str) -> None:
            return None

    return GraphClient(pipeline, NoTokens(), Budget(100_000), root=site.url, pace=Pace(1, 1))


def ask_graph(site: Site) -> None:
    client = graph(site)
    try:
        client.ask(GraphCall(name="x", method="GET", url="/sites/x"))
    finally:
        client.close()


def ask_graph_to_write(site: Site) -> None:
    client = graph(site)
    try:
        client.ask(GraphCall(name="x", method="POST", url="/sites/x/lists", body={"a": 1}))
    finally:
        client.close()


def ask_entra(site: Site) -> None:
    settings = SharePointSettings.model_validate(
        {
            "site": "https://contoso.sharepoint.com",
            "tenant": "contoso",
            "client_id": "x",
            "credential": {"secret": SECRET},
        }
    )
    endpoints = Endpoints(authority=site.url, graph=site.url, known=False)
    TokenProvider(settings, Path(), endpoints, http=EntraHttp(transport(site))).token(site.url)


def refusal(act: Callable[[], object]) -> str:
    """What is told, or nothing. Any other error than those that people meet is a crash."""
    try:
        act()
    except BridgeError as error:
        return str(error)
    return ""


WAYS = {
    "a call to Moodle": ask_moodle,
    "an upload to Moodle": upload_to_moodle,
    "a read from Graph": ask_graph,
    "a write to Graph": ask_graph_to_write,
    "a token from Entra": ask_entra,
}


@pytest.mark.parametrize("way", WAYS)
def test_no_redirect_is_followed_and_no_credential_goes_along(site: Site, canary: Site, way: str) -> None:
    addresses = [canary.url, canary.url.replace("http:", ""), f"http://u:p@{urlsplit(canary.url).netloc}/x?y=1"]
    addresses += [
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "//[::1]:1/",
        "http://[",
    ]
    for status, address in itertools.product(REDIRECTS, addresses):
        site.script.answers = [(status, {"Location": address}, b"")]
        with pytest.raises(BridgeError) as told:
            WAYS[way](site)
        assert SECRET not in str(told.value)
        assert "u:p" not in str(told.value)
    assert canary.script.seen == []
    assert all(SECRET not in path for path, _, _ in site.script.seen), "no credential is part of an address"


@pytest.mark.parametrize(
    "link",
    [
        "{canary}/v1.0/next",
        "//{host}/v1.0/next",
        "{own}@{host}/v1.0/next",
        "{own}.canary.example/v1.0/next",
        "{own}:80@{host}/v1.0/next",
        "{own}\\@{host}/v1.0/next",
        "{own}/other/next",
        "{own}",
        "file:///etc/passwd",
        "javascript:x",
        "",
        "http://[",
        7,
        ["{canary}"],
    ],
)
def test_a_listing_goes_on_at_the_same_service_or_nowhere(site: Site, canary: Site, link: Any) -> None:
    words = {"canary": canary.url, "host": urlsplit(canary.url).netloc, "own": site.url}
    following = link.format(**words) if isinstance(link, str) else link
    page = json.dumps({"value": [{"id": 1}], "@odata.nextLink": following}).encode()
    site.script.answers = [(200, {"Content-Type": "application/json"}, page)]
    client = graph(site)
    with pytest.raises(DestinationError):
        list(client.pages(GraphCall(name="x", method="GET", url="/sites/x/lists")))
    client.close()
    assert canary.script.seen == []


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\x00", "\u2028", "é"])
@pytest.mark.parametrize("where", ["a name", "a value"])
def test_no_header_brings_another_one_along(site: Site, sign: str, where: str) -> None:
    forged = f"x{sign}X-Forged: yes"
    headers = {forged: "x"} if where == "a name" else {"Authorization": f"Bearer {forged}"}
    request = Request(method="POST", url=site.url, headers=headers, body=b"")
    assert "Forged" not in refusal(lambda: transport(site).send(request, lambda answer: None))
    assert all("X-Forged" not in sent for _, sent, _ in site.script.seen)


@pytest.mark.parametrize("sign", ["\r\n", "\n", " HTTP/1.1\r\nX-Forged: yes\r\n", "\x00", "\t"])
def test_no_address_brings_a_request_along(site: Site, sign: str) -> None:
    request = Request(method="POST", url=f"{site.url}/a{sign}b", body=b"")
    assert refusal(lambda: transport(site).send(request, lambda answer: None)).isprintable()
    assert len(site.script.seen) <= 1
    assert all("X-Forged" not in sent for _, sent, _ in site.script.seen)


@pytest.mark.parametrize(
    "name", ['x"; filename="y.php', "x\r\nX-Forged: yes\r\n\r\n<?php", "x\x00.png", "../../x.png", "ü“.png"]
)
def test_the_name_of_a_file_stays_a_name(site: Site, name: str) -> None:
    site.script.answers = [(200, {}, b'[{"itemid": 5}]')]
    Exchange(transport(site), url=site.url, token=SECRET).upload(name, b"content", "image/png", draft=0)
    ((_, _, body),) = site.script.seen
    (head,) = [part for part in body.split(b"\r\n\r\n") if b"filename" in part]
    lines = head.split(b"\r\n")
    assert sum(b"filename" in line for line in lines) == 1
    assert sum(line.count(b'"') for line in lines if b"filename" in line) == 4
    assert not any(line.startswith(b"X-Forged") for line in lines)


def _gzipped(size: int) -> bytes:
    return gzip.compress(bytes(size))


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Encoding": "gzip"}, _gzipped(200_000_000)),
        ({"Content-Encoding": "deflate"}, zlib.compress(bytes(200_000_000))),
        ({"Content-Encoding": "gzip, gzip"}, gzip.compress(_gzipped(200_000_000))),
        ({"Content-Encoding": "gzip"}, b"no gzip"),
        ({"Content-Length": "999999999999"}, b"{}"),
    ],
    ids=["gzip", "deflate", "gzip twice", "no gzip", "a length that lies"],
)
@pytest.mark.parametrize("way", ["a call to Moodle", "a read from Graph"])
def test_an_answer_that_grows_is_cut_off(site: Site, headers: dict[str, str], content: bytes, way: str) -> None:
    for status, address in ((200, {}), (302, {"Location": site.url})):
        site.script.answers = [(status, {**headers, **address}, content)]
        with pytest.raises(BridgeError) as told:
            WAYS[way](site)
        assert len(str(told.value)) < 1_500
        cut = f"larger than {Limits().max_bytes}" in str(told.value)
        assert cut == (
            ("gzip" in headers.get("Content-Encoding", "") and len(content) > 100) or "deflate" in headers.values()
        )


NONSENSE = [
    b"[" * 100_000,
    b"[" * 3_000_000,
    b'{"a":' * 100_000,
    b"1" * 100_000,
    b"NaN",
    b'"\\ud800"',
    b"\xff\xfe",
    b"{}" * 10,
    b"null",
    b"[]",
    b'{"exception": [], "errorcode": {}, "message": 5}',
    b'{"error": {"code": {"a": 1}, "innerError": []}}',
    b"",
]


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_makes_no_sense_is_no_crash(site: Site, way: str) -> None:
    for status, content in itertools.product((200, 400, 404, 500), NONSENSE):
        site.script.answers = [(status, {"Content-Type": "application/json"}, content)]
        told = refusal(lambda: WAYS[way](site))
        assert told.isprintable()
        assert SECRET not in told


def test_no_source_asks_for_anything_that_a_text_names(tmp_path: Path, socket_disabled: Callable[[], None]) -> None:
    """Pictures, links, entities and styles at other hosts and at private addresses stay words in a text."""
    folder = tmp_path / "content" / "C1" / "wiki"
    folder.mkdir(parents=True)
    hosts = ("127.0.0.1:1", "169.254.169.254/latest/meta-data", "10.0.0.1", "[::1]", "0x7f000001", "metadata.internal")
    texts = [f"![x](https://{host}/x.png) [x](https://{host}/) <img src='https://{host}/y.png'>" for host in hosts]
    (folder / "a.md").write_text("# A\n\n" + "\n\n".join(texts), encoding="utf-8")
    found = FilesSource("s", FilesSettings(path=Path("content")), tmp_path).items()
    assert [problem.cause for problem in found.problems] == []
    assert len(found.items) == 1


def test_the_same_cookie_is_never_sent_back(site: Site) -> None:
    site.script.answers = [(200, {"Set-Cookie": "a=b; Path=/"}, b"{}")]
    used = transport(site)
    for _ in range(2):
        answer = used.send(site.request(), lambda found: None)
        assert isinstance(answer, Answer)
    assert all("Cookie" not in headers for _, headers, _ in site.script.seen)
