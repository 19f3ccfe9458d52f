"""Sends the recorded exchanges of a scenario to an emulated site over HTTP and says which answers match."""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import requests
from moodle_comparing import differences

from lms_bridge.sandbox.moodle import moodle_app
from lms_bridge.sandbox.moodle.fixture import load_fixture
from lms_bridge.sandbox.server import SandboxServer

RECORDINGS = Path(__file__).parents[2] / "recordings" / "moodle-4.5"
REST = "/webservice/rest/server.php"
# Pictures' addresses and cache numbers of the recorded site bear this number; fixtures have no place for it.
REVISIONS = {"postgresql": 1795357151, "mariadb": 1795357152}
MEBIBYTE = 1024 * 1024


@dataclass
class Tally:
    scenario: str
    matched: int = 0
    failures: list[tuple[int, str, list[str]]] = field(default_factory=list)

    @property
    def exchanges(self) -> int:
        return self.matched + len(self.failures)


def scenarios() -> list[str]:
    return sorted(path.name.removesuffix(".jsonl.gz") for path in RECORDINGS.glob("*.jsonl.gz"))


def replay(scenario: str) -> Tally:
    with gzip.open(RECORDINGS / f"{scenario}.jsonl.gz", "rt", encoding="utf-8") as lines:
        head, *exchanges = [json.loads(line) for line in lines]
    fixture = head["fixture"]
    site = load_fixture(fixture, head["site"], revision=REVISIONS[head["site"]["database"]])
    usernames = {user["id"]: user["username"] for user in fixture["users"]}
    people = {name: usernames[row["user"]] for name, row in fixture["as"].items()}
    tally = Tally(scenario)
    with SandboxServer(moodle_app(site)) as server, requests.Session() as session:
        player = _Player(server.url, session, people, Ids())
        for line in exchanges:
            found = player.play(line)
            if found is None:
                continue
            if found:
                tally.failures.append((line["n"], line.get("function") or line["path"], found))
            else:
                tally.matched += 1
    return tally


class Ids:
    """Recorded id → the emulator's own, for ids that the site itself gave."""

    _BY_ARGUMENT: ClassVar = {
        "pageid": "wiki_page",
        "postid": "forum_post",
        "discussionid": "forum_discussion",
        "entryid": "data_entry",
    }

    def __init__(self) -> None:
        self._own: dict[tuple[str, Any], Any] = {}

    def learn(self, line: dict[str, Any], answer: Any) -> None:
        for path, kind in line.get("new_ids", {}).items():
            recorded, own = _at(line["response"], path), _at(answer, path)
            if recorded is not None and own is not None and recorded != own:
                self._own[kind, recorded] = own

    def translate(self, arguments: Any, name: str = "") -> Any:
        if isinstance(arguments, dict):
            return {key: self.translate(value, key) for key, value in arguments.items()}
        if isinstance(arguments, list):
            return [self.translate(value, name) for value in arguments]
        return self._own.get((self._BY_ARGUMENT.get(name, ""), arguments), arguments)


def _at(answer: Any, path: str) -> Any:
    """`$.responses[0].data#$.pageid`: what follows `#` is a path inside the JSON text at the first part."""
    outer, _, inner = path.partition("#")
    try:
        for step in outer.replace("[", ".[").split(".")[1:]:
            answer = answer[int(step[1:-1])] if step.startswith("[") else answer[step]
        return _at(json.loads(answer), inner) if inner else answer
    except (KeyError, IndexError, TypeError, ValueError):
        return None


@dataclass
class _Player:
    url: str
    session: requests.Session
    people: dict[str, str]
    ids: Ids

    def play(self, line: dict[str, Any]) -> list[str] | None:
        """The differences; None for a line that is no exchange."""
        if line["as"] == "site":
            self._change(line)
            return None
        response = self._call(line) if "function" in line else self._exchange(line)
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if "response_sha256" in line:
            same = hashlib.sha256(response.content).hexdigest() == line["response_sha256"]
            return differences(line, response.status_code, media_type, None) + ([] if same else ["other bytes"])
        if response.is_redirect:
            # The page that a redirect carries is the theme's; what counts is where it leads.
            same = response.headers["location"] == line.get("headers", {}).get("location")
            wrong = [] if same else [f"redirect to {response.headers['location']}"]
            return differences(line | {"response": None}, response.status_code, media_type, None) + wrong
        answer = _parsed(response, media_type)
        self.ids.learn(line, answer)
        return differences(line, response.status_code, media_type, answer)

    def _change(self, line: dict[str, Any]) -> None:
        fields = dict(line["with"])
        for name in ("user", "by"):
            if name in fields:
                fields[name] = self.people.get(fields[name], fields[name])
        asked = {"change": line["change"], "with": fields}
        done = self.session.post(f"{self.url}/_sandbox/hand", json=asked, timeout=30)
        assert done.ok, f"{line['change']}: {done.text}"

    def _call(self, line: dict[str, Any]) -> requests.Response:
        pairs = [
            ("wstoken", f"TOKEN_{line['as']}"),
            ("wsfunction", line["function"]),
            ("moodlewsrestformat", "json"),
        ]
        pairs += [(f"moodlewssetting{name}", _scalar(v)) for name, v in line.get("settings", {}).items()]
        pairs += flatten(self.ids.translate(_arguments(line)))
        return self._send("POST", REST, data=pairs)

    def _exchange(self, line: dict[str, Any]) -> requests.Response:
        query = {name: _grown(value) for name, value in line.get("query", {}).items()}
        headers = dict(line.get("request_headers", {}))
        if "request_host" in line:
            headers["Host"] = line["request_host"]
        sent: dict[str, Any] = {}
        if "files" in line:
            sent["files"] = [
                (name, (file["filename"], base64.b64decode(file["base64"]), file["content_type"]))
                for name, file in line["files"].items()
            ]
        if "form" in line:
            sent["data"] = [*line["form"].items(), *_described_fields(line)]
        if "body" in line:
            sent["data"] = _grown(line["body"]).encode()
        return self._send(line["method"], line["path"], params=query, headers=headers, **sent)

    def _send(self, method: str, path: str, **sent: Any) -> requests.Response:
        headers = {"Host": "moodle.example", **sent.pop("headers", {})}
        return self.session.request(method, self.url + path, headers=headers, allow_redirects=False, timeout=60, **sent)


def _parsed(response: requests.Response, media_type: str) -> Any:
    try:
        return response.json() if media_type != "text/html" else response.text
    except ValueError:
        return response.content.decode("utf-8", "replace")


def _arguments(line: dict[str, Any]) -> Any:
    if "args_description" in line:
        request = {"function": "mod_wiki_get_subwikis", "arguments": '{"wikiid":1}'}
        return {"requests": [request] * 3000}
    return line["args"]


def _described_fields(line: dict[str, Any]) -> list[tuple[str, str]]:
    description = line.get("form_description", "")
    if "courseids" not in description:
        return []
    fields = [(f"courseids[{n}]", str(10000 + n)) for n in range(6000)]
    return [*fields, ("wstoken", "TOKEN_bot")] if "wstoken" in description else fields


def _grown(text: str) -> str:
    for mebibytes in (33, 65):
        text = text.replace(f"({mebibytes} MiB of x)", "x" * (mebibytes * MEBIBYTE))
    return text.replace("(9000 x y)", "y" * 9000)


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested arguments as PHP's brackets; an empty list sends nothing, and so does null."""
    match value:
        case dict():
            for key, part in value.items():
                yield from flatten(part, f"{prefix}[{key}]" if prefix else key)
        case list():
            for index, part in enumerate(value):
                yield from flatten(part, f"{prefix}[{index}]")
        case None:
            return
        case _:
            yield prefix, _scalar(value)


def _scalar(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
