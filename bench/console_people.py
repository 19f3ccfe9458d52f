"""What people do with a console: they look around, search, preview, plan, decide and apply, at their own pace."""

import html
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.browser import Browser, Page
from bench.console_world import ARCHIVE, MOODLE, PASSWORD, ROUTES, SHAREPOINT, Home

_PAUSE = 2.0
"""Seconds that a person looks at a page, on average."""
_LOOKS = 120
"""Seconds after which nobody waits for a look any more."""
_AGAIN = 300.0
"""Seconds after which a person signs out, and in again."""
SHOWN = "asked to shown"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass(slots=True)
class Noted:
    """Seconds of each visit by the page's name, and of the bare page that was asked for right after it."""

    pages: dict[str, list[float]] = field(default_factory=dict)
    bare: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    """How often which status was answered where a page was wanted."""

    def page(self, name: str, seconds: float) -> None:
        self.pages.setdefault(name, []).append(seconds)


class Person:
    """One of them, in a thread of its own, until `enough` is set."""

    def __init__(self, home: Home, name: str, role: str, noted: Noted, enough: threading.Event) -> None:
        self._home = home
        self._name = name
        self._noted = noted
        self._enough = enough
        self._draw = random.Random(name)  # noqa: S311 - the same ways each time, no secret
        self._browser = Browser(home.port, self._told)
        self._bare = Browser(home.bare, lambda _, seconds: noted.bare.append(seconds))
        deeds = [(self._around, 20), (self._search, 20), (self._preview, 3), (self._compare, 2), (self._plan, 1)]
        deeds += [(self._answer, 2), (self._apply, 1)] if role != "viewer" else []
        deeds += [(self._config, 2), (self._check, 1)] if role == "admin" else []
        self._deeds: Sequence[tuple[Callable[[], None], int]] = deeds

    def live(self) -> None:
        while not self._enough.is_set():
            self._sign_in()
            until = time.monotonic() + _AGAIN
            while time.monotonic() < until and not self._enough.is_set():
                self._draw.choices([deed for deed, _ in self._deeds], [often for _, often in self._deeds])[0]()
            self._get("/", "/")
            self._browser.post("/sign-out", "POST /sign-out")
        self._browser.close()
        self._bare.close()

    # Pages

    def _around(self) -> None:
        """The pages that come by themselves, as they are linked."""
        route, draw = self._draw.choice(list(ROUTES)), self._draw
        run = f"past-{draw.randrange(len(ROUTES), 9_000):05d}"
        ways = {
            "/": "/",
            "/plan": "/plan",
            "/reviews": "/reviews",
            "/courses": "/courses",
            "/courses, a later page": f"/courses?page={draw.randint(2, 19)}",
            "/runs": f"/runs?route={route}",
            "/runs, a late page": f"/runs?route={route}&page={draw.randint(20, 60)}",
            "/runs/one": f"/runs/{run}",
            "/routes/one": f"/routes/{route}",
            "/routes/one, a fragment": f"/routes/{route}/now",
            "/findings": "/findings",
        }
        name = draw.choice(list(ways))
        self._get(ways[name], name, fragment="fragment" in name)

    def _search(self) -> None:
        draw, key = self._draw, self._key()
        archived = f"C-{draw.randrange(self._home.archived):05d}"
        ways = {
            "/content": "/content",
            "/content, by words": f"/content?words=page+{draw.randint(1, 59)}+of+course+{draw.randint(1, 900)}",
            "/content, by rare words": f"/content?words={draw.choice(['xylophone', 'quartz', '%25_'])}",
            "/content, by course": f"/content?course={archived}",
            "/content, by kind and state": f"/content?kind={draw.choice(['page', 'prompt'])}&state=stands",
            "/content, a late page": f"/content?page={draw.randint(500, 1_900)}",
            "/content/item": f"/content/item?key={key}",
        }
        name = draw.choice(list(ways))
        self._get(ways[name], name)

    def _config(self) -> None:
        self._get("/config", "/config")

    # Looks

    def _preview(self) -> None:
        self._get(f"/content/item?key={self._key()}", "/content/item")
        found = self._look("/previews", "a preview", key=self._key())
        for frame in re.findall(r'<iframe[^>]* src="([^"]+)"', found.text):
            self._get(frame, "/previews/one, a frame")

    def _compare(self) -> None:
        self._look("/differences", "a difference", route=self._draw.choice([MOODLE, SHAREPOINT]), key=self._key())

    def _plan(self) -> None:
        route = self._draw.choices(list(ROUTES), [4, 4, 1])[0]
        part = route != ARCHIVE and self._draw.random() < 0.5
        only = f"course:C-{self._draw.randrange(self._home.courses):05d}" if part else ""
        self._look("/plan", f"a plan {route}{' of a course' if only else ''}", route=route, only=only)

    def _check(self) -> None:
        self._look("/findings", "a check")

    # Decisions

    def _answer(self) -> None:
        """What waits first, answered in any of the ways."""
        waiting = self._get("/reviews", "/reviews").text
        link = re.search(r'href="(/reviews/one\?[^"]+)"', waiting)
        if link is None:
            return
        shown = self._get(html.unescape(link[1]), "/reviews/one").text
        fields = {
            name: html.unescape(value) for name, value in _HIDDEN.findall(shown) if name not in ("token", "answer")
        }
        answers = [word for word in ("theirs", "ours", "merged") if f'value="{word}"' in shown]
        if answers:
            self._look("/reviews/one", "an answer", **fields, answer=self._draw.choice(answers))

    def _apply(self) -> None:
        """A whole plan, with what waits for approval, and watch until its run has ended."""
        route = self._draw.choice([MOODLE, SHAREPOINT, ARCHIVE])
        found = self._look("/plan", f"a plan {route}", route=route, only="")
        checksum = re.search(r'name="checksum" value="(\w+)"', found.text)
        if checksum is None:
            return
        approve = {"approve": checksum[1]} if 'name="approve"' in found.text else {}
        begun = self._browser.post("/run", "POST /run", route=route, only="", checksum=checksum[1], **approve)
        if begun.status != 303:
            return
        self._get(begun.leads_to, "/routes/one")
        for _ in range(_LOOKS):
            if self._enough.wait(1.0):
                return
            if self._get(f"/routes/{route}/now", "/routes/one, a fragment", fragment=True).status == 204:
                return

    # How

    def _sign_in(self) -> None:
        self._browser.get("/sign-in")
        answer = self._browser.post("/sign-in", "POST /sign-in", name=self._name, password=PASSWORD, next="/")
        if answer.status != 303:
            raise RuntimeError(f"{self._name} could not sign in: {answer.status}")
        self._get("/", "/")

    def _get(self, path: str, name: str, *, fragment: bool = False) -> Page:
        page = self._browser.get(path, name, fragment=fragment)
        if page.status >= 400:
            self._refused(name, page)
        self._bare.get("/")
        self._enough.wait(self._draw.expovariate(1 / _PAUSE) if not fragment else 0.0)
        return page

    def _look(self, path: str, name: str, **fields: str) -> Page:
        """What was asked for, once it is there; looked for once a second, as the page does."""
        begun = time.monotonic()
        answer = self._browser.post(path, f"POST {path}", **fields)
        if answer.status != 303:
            self._refused(f"POST {path}", answer)
            return answer
        for _ in range(_LOOKS):
            self._enough.wait(1.0)
            told = self._browser.get(answer.leads_to, "/looks/one, a fragment", fragment=True)
            if told.status != 200:
                break
        self._noted.page(f"{name}, {SHOWN}", time.monotonic() - begun)
        return self._get(answer.leads_to, "/looks/one")

    def _key(self) -> str:
        course, page = self._draw.randrange(self._home.courses), self._draw.randrange(60)
        return f"programme:C-{course:05d}/wiki/page-{page:04d}"

    def _told(self, name: str, seconds: float) -> None:
        self._noted.page(name, seconds)

    def _refused(self, name: str, page: Page) -> None:
        of = f"{name}: {page.status}"
        self._noted.refused[of] = self._noted.refused.get(of, 0) + 1
