"""Templates → pages: everything escaped, words translated, moments marked up so that a script can localise them."""

import gettext
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from lms_bridge.console.access.roles import Role
from lms_bridge.console.pages import Visit
from lms_bridge.console.reasons import reason_here
from lms_bridge.markup.diff import DiffLine
from lms_bridge.sync.intent import PastRun
from lms_bridge.sync.report import APPROVAL, CONFLICT, DONE, FAILED, STOPPED, UNREACHABLE
from lms_bridge.sync.report_text import summary_line

HERE = Path(__file__).parent
LANGUAGES = ("en", "de")
_DOMAIN = "console"
_NAVIGATION = (
    ("/", "Overview", Role.VIEWER),
    ("/plan", "Plan", Role.VIEWER),
    ("/reviews", "Reviews", Role.VIEWER),
    ("/content", "Content", Role.VIEWER),
    ("/courses", "Courses", Role.VIEWER),
    ("/runs", "Runs", Role.VIEWER),
    ("/findings", "Findings", Role.VIEWER),
    ("/config", "Config", Role.ADMIN),
)


class Renderer:
    """Holds one environment a language. Templates are compiled once."""

    def show(self, visit: Visit, template: str, code: int, values: Mapping[str, object]) -> Response:
        language = language_of(visit.request.headers.get("accept-language", ""))
        shown = {
            "visit": visit,
            "person": visit.person,
            "token": visit.token,
            "language": language,
            "navigation": _navigation(visit, str(values.get("here", visit.request.url.path))),
            "config_broken": bool(visit.person and visit.desk.config_problems),
        }
        html = environment(language).get_template(template).render({**shown, **values})
        return HTMLResponse(html, code, {"Vary": "Accept-Language, HX-Request", "Content-Language": language})


def language_of(accepted: str) -> str:
    """The first language that we have, in the order of the reader's wishes."""
    wishes = []
    for at, part in enumerate(accepted[:500].split(",")):
        name, _, weight = part.partition(";q=")
        try:
            wishes.append((-float(weight or 1), at, name.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    return next((name for weight, _, name in sorted(wishes) if name in LANGUAGES and weight < 0), LANGUAGES[0])


@cache
def environment(language: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    found = gettext.translation(_DOMAIN, HERE / "locale", [language], fallback=True)
    made.install_gettext_translations(found, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {"query": query, "Role": Role, "version": _version()}
    made.filters |= {
        "moment": moment,
        "pieces": pieces,
        "web": web_address,
        "summary": lambda summary: summary_line(dict(summary)),
        "outcome": outcome_word,
        "reason": lambda reason: reason_here(reason, found.gettext),
        "word": lambda name: found.gettext(_WORDS.get(str(name), str(name))),
    }
    return made


def moment(at: datetime | None) -> str | Markup:
    """In UTC; the script shows it in the reader's zone."""
    if at is None:
        return "–"
    utc = at.astimezone(UTC)
    shown = Markup('<time datetime="{}">{}</time>')
    return shown.format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M} UTC")


def outcome_word(run: PastRun) -> str:
    """How a past run ended."""
    return "cut_off" if run.ended is None else _CODES.get(run.exit_code or 0, "failed")


def pieces(line: DiffLine) -> Iterator[tuple[bool, str]]:
    """A line of a difference in parts: whether it changed, and its words."""
    at = 0
    for start, end in line.changed:
        if start > at:
            yield False, line.text[at:start]
        yield True, line.text[start:end]
        at = end
    if at < len(line.text):
        yield False, line.text[at:]


def web_address(url: str | None) -> str:
    """The address if a browser may be sent there; addresses come from outside, and some would run as a script."""
    if not url:
        return ""
    try:
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def query(**values: object) -> str:
    """`?a=b` of what is not empty."""
    given = {name: str(value) for name, value in values.items() if value not in ("", None)}
    return f"?{urlencode(given)}" if given else ""


def pages_of(total: int, page: int, size: int) -> dict[str, int]:
    """Where a listing stands, counted from 1 for people."""
    return {"page": page + 1, "pages": max(1, -(-total // size)), "total": total, "first": page * size + 1}


def _navigation(visit: Visit, path: str) -> Sequence[dict[str, Any]]:
    return [
        {"path": to, "name": name, "here": path == to or (to != "/" and path.startswith(f"{to}/"))}
        for to, name, role in _NAVIGATION
        if visit.may(role)
    ]


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("lms-bridge")


def _(word: str) -> str:
    """Marks a word for translators; it is translated where it is shown."""
    return word


_CODES = {
    DONE: "done",
    FAILED: "failed",
    APPROVAL: "approval",
    CONFLICT: "conflict",
    UNREACHABLE: "unreachable",
    STOPPED: "stopped",
}
_WORDS = {
    "in_step": _("in step"),
    "pending": _("pending"),
    "drifted": _("changed by people"),
    "deferred": _("deferred"),
    "conflict": _("waits for a person"),
    "failed": _("failed"),
    "unknown": _("unknown"),
    "healthy": _("healthy"),
    "degraded": _("degraded"),
    "down": _("down"),
    "done": _("done"),
    "approval": _("waits for approval"),
    "unreachable": _("not reached"),
    "stopped": _("stopped early"),
    "cut_off": _("was cut off"),
    "running": _("running"),
    "create": _("create"),
    "update": _("update"),
    "merge": _("merge"),
    "adopt": _("adopt"),
    "hide": _("hide"),
    "delete": _("delete"),
    "forget": _("forget"),
    "skip": _("leave"),
    "page": _("page"),
    "prompt": _("prompt"),
    "review": _("review"),
    "rating": _("rating"),
    "stands": _("stands"),
    "changed": _("changed by a person"),
    "hidden": _("hidden"),
    "deleted": _("deleted by a person"),
    "unseen": _("not seen before it is approved there"),
    "held": _("waits for approval"),
    "postponed": _("not tried"),
    "ambiguous": _("not known"),
    "skipped": _("left"),
    "ok": _("fine"),
    "warning": _("warning"),
    "error": _("error"),
    "viewer": _("viewer"),
    "approver": _("approver"),
    "admin": _("admin"),
    "Overview": _("Overview"),
    "Plan": _("Plan"),
    "Reviews": _("Reviews"),
    "Content": _("Content"),
    "Courses": _("Courses"),
    "Runs": _("Runs"),
    "Findings": _("Findings"),
    "Config": _("Config"),
}
