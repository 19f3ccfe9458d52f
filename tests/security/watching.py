"""A browser page without any guard against scripts, which tells whatever happened on it that a text must not do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_HOOKS = """
window.__ran = [];
for (const name of ["alert", "confirm", "prompt", "print", "open", "fetch"])
    window[name] = (...words) => { window.__ran.push(name + "(" + String(words[0]).slice(0, 60) + ")"); return null; };
"""
_HARM = """() => {
    const harm = [];
    const elements = new Set(("script iframe object embed applet base style svg math template video audio textarea "
        + "frame frameset portal dialog source track picture marquee noscript").split(" "));
    const attributes = new Set(("style srcdoc srcset formaction ping background poster action data xlink:href is "
        + "slot http-equiv popovertarget autofocus contenteditable").split(" "));
    for (const element of document.body.querySelectorAll("*")) {
        const tag = element.tagName.toLowerCase();
        if (elements.has(tag) || tag.includes("-")) harm.push("<" + tag + ">");
        for (const {name, value} of element.attributes) {
            if (name.startsWith("on") || attributes.has(name)) harm.push(tag + " " + name + "=" + value.slice(0, 60));
        }
        for (const name of ["href", "src"]) {
            if (!element.hasAttribute(name)) continue;
            const scheme = new URL(element.getAttribute(name), "https://page.example/").protocol;
            if (!["http:", "https:", "mailto:", "asset:", "item:"].includes(scheme)) harm.push(tag + " " + scheme);
        }
    }
    if (window.__xss) harm.push("window.__xss");
    return [...harm, ...window.__ran];
}"""


@dataclass
class Watched:
    """A page without any policy against scripts, and whatever happened on it."""

    page: Any
    origin: str = ""
    happened: list[str] = field(default_factory=list)

    def harm(self) -> list[str]:
        return [*self.happened, *self.page.evaluate(_HARM)]

    def show(self, html: str) -> list[str]:
        self.page.set_content(f"<!doctype html><body>{html}", wait_until="load")
        return self.harm()

    def visit(self, url: str) -> list[str]:
        self.origin = "/".join(url.split("/")[:3])
        self.page.goto(url, wait_until="load")
        return self.harm()

    def judge_request(self, route: Any) -> None:
        """Pictures may be shown from elsewhere; nothing else may be asked for."""
        request = route.request
        if self.origin and request.url.startswith(f"{self.origin}/"):
            route.continue_()
            return
        if request.resource_type != "image":
            self.happened.append(f"{request.resource_type} {request.url[:80]}")
        route.abort()


@contextmanager
def watched_page(browser: Any) -> Iterator[Watched]:
    context = browser.new_context(bypass_csp=True, ignore_https_errors=True)
    context.add_init_script(_HOOKS)
    watched = Watched(context.new_page())
    page = watched.page
    context.route("**/*", watched.judge_request)
    context.on("page", lambda opened: watched.happened.append("a window opened"))
    page.on("dialog", lambda dialog: (watched.happened.append(f"dialog {dialog.message[:60]}"), dialog.dismiss()))
    page.on("pageerror", lambda error: watched.happened.append(f"a script failed: {error}"))
    page.on("download", lambda download: watched.happened.append("a download began"))
    yield watched
    context.close()
