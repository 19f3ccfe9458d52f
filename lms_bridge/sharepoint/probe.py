"""Settles on a real tenant what Microsoft's documentation leaves open, in a scratch page and a scratch list.

Everything that it makes is removed again (to the recycle bin), also when a step fails. Each finding is a plain answer.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from lms_bridge.connector import Finding, Level
from lms_bridge.errors import BridgeError, DestinationError, Problem
from lms_bridge.sharepoint.batch import Answer, Call
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.sharepoint.columns import key_column
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.sharepoint.page_calls import (
    CAST,
    TYPE,
    PageText,
    change_page,
    create_page,
    delete_page,
    page_state,
    publish_page,
    read_page,
)
from lms_bridge.sharepoint.payloads import mapping, text_value
from lms_bridge.sharepoint.refusals import refusal
from lms_bridge.sharepoint.settings import SharePointSettings

TAGS = (
    ("h1", "<h1>x</h1>"),
    ("h2", "<h2>x</h2>"),
    ("h3", "<h3>x</h3>"),
    ("h4", "<h4>x</h4>"),
    ("h5", "<h5>x</h5>"),
    ("code", "<p><code>x</code></p>"),
    ("pre", "<pre>x</pre>"),
    ("blockquote", "<blockquote>x</blockquote>"),
    ("table", "<table><tbody><tr><td>x</td></tr></tbody></table>"),
    ("img", '<p><img src="https://example.org/x.png" alt="x"></p>'),
    ("sup", "<p><sup>x</sup></p>"),
    ("hr", "<hr>"),
    ("id=", '<p id="anchor">x</p>'),
    ("class=", '<p class="mine">x</p>'),
    ("style=", '<p style="color:red">x</p>'),
)
SIZES = (250_000, 500_000, 1_000_000)
_JSON = {"Content-Type": "application/json"}
_WAITS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass
class _Scratch:
    """What was made and must go."""

    client: GraphClient
    site: str
    name: str = field(default_factory=lambda: f"lms-bridge-probe-{uuid4().hex[:10]}")
    pages: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)

    def try_call(self, call: Call) -> Answer:
        """The answer of whatever status; raises only what has no answer."""
        return self.client.enqueue([call])[0].result()

    def must(self, call: Call) -> Any:
        answer = self.try_call(call)
        if not answer.ok:
            raise refusal(call, answer)
        return answer.body

    def text(self, html: str) -> PageText:
        part = {"@odata.type": "#microsoft.graph.textWebPart", "innerHtml": html}
        column = {"id": "1", "width": 12, "webparts": [part]}
        section = {"layout": "oneColumn", "id": "1", "emphasis": "none", "columns": [column]}
        return PageText(
            title="lms-bridge probe",
            description="Made by lms-bridge; it removes this page by itself",
            canvas={"horizontalSections": [section]},
            comments=True,
            news=False,
        )


def probe(
    settings: SharePointSettings,
    folder: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
    site: SharePointSite | None = None,
) -> Iterator[Finding]:
    """One finding an open point. Needs the role `write` for pages, and the set-up permission for the scratch list."""
    opened = site or SharePointSite("probe", settings, folder)
    try:
        scratch = _Scratch(opened.connection.client, opened.site().id)
    except BridgeError as error:
        yield Finding(Level.ERROR, "the site", error.problem)
        opened.close()
        return
    try:
        yield from _guarded("pages", _page_steps(scratch))
        yield from _guarded("lists", _list_steps(scratch, sleep))
        yield Finding(
            Level.OK,
            "not settled here: what Graph answers for a page that a person has open. Open a page of lms-bridge for "
            "editing in a browser, change its source and run `sync`: the report names the answer",
        )
    finally:
        yield from _remove(scratch)
        if site is None:
            opened.close()


def _guarded(what: str, steps: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from steps
    except DestinationError as error:
        yield Finding(Level.ERROR, what, error.problem)


def _page_steps(scratch: _Scratch) -> Iterator[Finding]:
    site, name = scratch.site, f"{scratch.name}.aspx"
    made = page_state(scratch.must(create_page(site, name, scratch.text("<p>probe</p>"))))
    scratch.pages.append(made.id)
    scratch.must(publish_page(site, made.id))
    yield Finding(Level.OK, "pages can be made and published with this app's permissions")
    published = page_state(scratch.must(read_page(site, made.id)))
    scratch.must(change_page(site, made.id, scratch.text("<p>changed</p>"), version=published.version))
    yield Finding(Level.OK, "pages can be changed with this app's permissions")
    yield _stale(scratch, made.id, published.version)
    yield _duplicate(scratch, name)
    yield _type_name(scratch, made.id)
    yield from _kept_tags(scratch, made.id)
    yield from _sizes(scratch, made.id)


def _stale(scratch: _Scratch, page: str, version: str) -> Finding:
    call = change_page(scratch.site, page, scratch.text("<p>stale</p>"), version=version)
    status = scratch.try_call(call).status
    said = "is honoured" if status == 412 else "is not honoured: only the comparison before a write protects people"
    return Finding(Level.OK, f"If-Match on a page's PATCH {said} (answer {status})")


def _duplicate(scratch: _Scratch, name: str) -> Finding:
    answer = scratch.try_call(create_page(scratch.site, name, scratch.text("<p>twin</p>")))
    if not answer.ok:
        return Finding(Level.OK, f"a page name that is taken is refused with {answer.status}")
    twin = page_state(answer.body)
    scratch.pages.append(twin.id)
    return Finding(Level.OK, f"a page name that is taken is numbered by SharePoint ({twin.name})")


def _type_name(scratch: _Scratch, page: str) -> Finding:
    url = f"/sites/{scratch.site}/pages/{page}/{CAST}"
    body = {"@odata.type": TYPE.replace("sitePage", "SitePage"), "title": "lms-bridge probe"}
    status = scratch.try_call(Call(name="probe", method="PATCH", url=url, body=body, headers=_JSON)).status
    return Finding(Level.OK, f"the type name with a capital S is {'taken' if status < 300 else 'refused'} ({status})")


def _kept_tags(scratch: _Scratch, page: str) -> Iterator[Finding]:
    """Each construct in a text of its own, so that one refusal hides nothing."""
    kept: list[str] = []
    lost: list[str] = []
    for name, html in TAGS:
        version = page_state(scratch.must(read_page(scratch.site, page))).version
        if not scratch.try_call(change_page(scratch.site, page, scratch.text(html), version=version)).ok:
            lost.append(f"{name} (refused)")
            continue
        body = scratch.must(read_page(scratch.site, page))
        (kept if _sign(name) in str(mapping(body).get("canvasLayout")) else lost).append(name)
    yield Finding(Level.OK, f"a text web part keeps: {', '.join(kept) or 'nothing of what was tried'}")
    yield Finding(Level.OK, f"a text web part loses: {', '.join(lost) or 'nothing of what was tried'}")


def _sign(name: str) -> str:
    return name if name.endswith("=") else f"<{name}"


def _sizes(scratch: _Scratch, page: str) -> Iterator[Finding]:
    largest = 0
    for size in SIZES:
        version = page_state(scratch.must(read_page(scratch.site, page))).version
        text = "<p>" + "lms bridge " * (size // 11) + "</p>"
        answer = scratch.try_call(change_page(scratch.site, page, scratch.text(text), version=version))
        if not answer.ok:
            yield Finding(Level.OK, f"a page of {size:,} bytes is refused with {answer.status}")
            break
        largest = size
    yield Finding(Level.OK, f"a page of {largest:,} bytes is taken")


def _list_steps(scratch: _Scratch, sleep: Callable[[float], None]) -> Iterator[Finding]:
    url = f"/sites/{scratch.site}/lists"
    body = {
        "displayName": scratch.name,
        "list": {"template": "genericList"},
        "columns": [dict(key_column("ProbeKey", "Probe key"))],
    }
    made = mapping(scratch.must(Call(name="probe", method="POST", url=url, body=body, headers=_JSON)))
    here = text_value(made.get("id"))
    scratch.lists.append(here)
    yield Finding(Level.OK, "lists can be made with this app's permissions (needed for the set-up alone)")
    items = f"{url}/{here}/items"
    scratch.must(_item(items, "probe-key"))
    yield _delay(scratch, items, sleep)
    status = scratch.try_call(_item(items, "PROBE-KEY")).status
    yield Finding(
        Level.OK, f"unique columns {'tell' if status < 300 else 'do not tell'} upper from lower case ({status})"
    )
    status = scratch.try_call(_item(items, "probe-key")).status
    if status < 300:
        problem = Problem("a key that exists was taken twice", scratch.name, "Check the key columns with `check`.")
        yield Finding(Level.ERROR, "unique columns", problem)
    else:
        yield Finding(Level.OK, f"a key that exists is refused with {status}")
    board = {"displayName": f"{scratch.name}-board", "list": {"template": "discussionBoard"}}
    answer = scratch.try_call(Call(name="probe", method="POST", url=url, body=board, headers=_JSON))
    if answer.ok:
        scratch.lists.append(text_value(mapping(answer.body).get("id")))
    yield Finding(Level.OK, f"classic discussion boards {'can' if answer.ok else 'cannot'} be made ({answer.status})")


def _item(items: str, key: str) -> Call:
    fields = {"Title": "probe", "ProbeKey": key}
    return Call(name="probe", method="POST", url=items, body={"fields": fields}, headers=_JSON)


def _delay(scratch: _Scratch, items: str, sleep: Callable[[float], None]) -> Finding:
    url = f"{items}?$filter=fields/ProbeKey%20eq%20'probe-key'&$expand=fields($select=ProbeKey)&$top=2"
    waited = 0.0
    for wait in _WAITS:
        sleep(wait)
        waited += wait
        if mapping(scratch.must(Call(name="probe", method="GET", url=url))).get("value"):
            return Finding(Level.OK, f"a fresh key is found by a query after {waited:g} seconds at most")
    problem = Problem(f"a fresh key is not found by a query after {waited:g} seconds", scratch.name, "Report it.")
    return Finding(Level.WARNING, "reading after writing", problem)


def _remove(scratch: _Scratch) -> Iterator[Finding]:
    calls = [delete_page(scratch.site, page, version="*") for page in scratch.pages]
    calls += [
        Call(name="probe", method="DELETE", url=f"/sites/{scratch.site}/lists/{one}") for one in scratch.lists if one
    ]
    left = [error for _, error in scratch.client.ask_all(calls) if isinstance(error, DestinationError)]
    for error in left:
        step = f"Remove what is named {scratch.name} by hand."
        yield Finding(Level.WARNING, "removing the scratch page and list", Problem(error.problem.cause, "", step))
    if not left:
        yield Finding(Level.OK, "the scratch page and list were removed")
