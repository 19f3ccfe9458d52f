"""What a learner would see in this Moodle: courses, wikis, forums and reviews, at Moodle's own addresses.

No scripts, a strict policy for what a browser may load, and a banner, since this is not a Moodle.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from lms_bridge.sandbox.moodle import learner_shapes as shapes
from lms_bridge.sandbox.moodle import rows, wiki_store
from lms_bridge.sandbox.moodle.learner_shapes import Crumb
from lms_bridge.sandbox.moodle.site import MoodleSite

_STYLE = Path(__file__).parents[1] / "static" / "learner.css"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' https: data:; style-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_COOKIE = "sandbox-reader"  # the door to the files; see file_doors.page_file

View = Callable[[MoodleSite, Request], Response]


class NotHere(LookupError):
    """Said to the learner as it is."""


def routes(site: MoodleSite) -> list[Route]:
    views: dict[str, View] = {
        "/": _courses,
        "/my/": _courses,
        "/my/courses.php": _courses,
        "/course/index.php": _courses,
        "/course/view.php": _course,
        "/mod/wiki/view.php": _wiki,
        "/mod/wiki/map.php": _wiki_map,
        "/mod/wiki/create.php": _missing_page,
        "/mod/wiki/edit.php": _no_editing,
        "/mod/forum/view.php": _forum,
        "/mod/forum/discuss.php": _discussion,
        "/mod/data/view.php": _reviews,
        "/login/index.php": _login,
    }
    found = [Route(path, _endpoint(site, view), methods=["GET"]) for path, view in views.items()]
    return [*found, Route("/sandbox/learner.css", _style, methods=["GET"])]


def _endpoint(site: MoodleSite, view: View) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        with site.lock:
            try:
                return view(site, request)
            except NotHere as reason:
                return _page(site, "notice.html", "Not here", status=404, text=str(reason))

    return endpoint


def _style(request: Request) -> Response:
    return FileResponse(_STYLE, media_type="text/css", headers=_HEADERS)


def _page(
    site: MoodleSite, template: str, heading: str, *, crumbs: list[Crumb] | None = None, status: int = 200, **more: Any
) -> Response:
    text = _templates().get_template(template)
    html = text.render(sitename=site.settings.sitename, heading=heading, crumbs=crumbs or [], **more)
    response = HTMLResponse(html, status_code=status, headers=_HEADERS)
    response.set_cookie(_COOKIE, "1", httponly=True, samesite="lax")
    return response


@functools.cache
def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).with_name("templates"))
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _courses(site: MoodleSite, request: Request) -> Response:
    hidden = sum(1 for course in site.courses.values() if course.category and not course.visible)
    return _page(site, "courses.html", "Courses", courses=shapes.course_cards(site), hidden=hidden)


def _course(site: MoodleSite, request: Request) -> Response:
    course = site.courses.get(_number(request, "id"))
    if course is None or not course.visible:
        raise NotHere("There is no such course, or learners cannot see it.")
    return _page(
        site,
        "course.html",
        course.fullname,
        summary=shapes.shown_html(course.summary, files=f"{course.contextid}/course/summary"),
        fields=shapes.course_fields(site, course),
        sections=shapes.course_sections(site, course),
    )


def _activity(site: MoodleSite, modname: str, *, cmid: int = 0, instance: int = 0) -> rows.Activity:
    found = site.activities.get(cmid) if cmid else site.activity_of(modname, instance)
    if found is None or found.modname != modname or not found.visible:
        raise NotHere("There is no such activity, or learners cannot see it.")
    course = site.courses.get(found.course)
    if course is None or not course.visible:
        raise NotHere("This activity is in a course that learners cannot see.")
    return found


def _crumbs(site: MoodleSite, activity: rows.Activity) -> list[Crumb]:
    return [
        Crumb(site.courses[activity.course].fullname, shapes.course_url(activity.course)),
        Crumb(activity.name, f"/mod/{activity.modname}/view.php?id={activity.cmid}"),
    ]


def _intro(activity: rows.Activity) -> Any:
    text = str(activity.settings.get("intro") or "")
    return shapes.shown_html(text, files=f"{activity.contextid}/mod_{activity.modname}/intro")


def _wiki(site: MoodleSite, request: Request) -> Response:
    page_id = _number(request, "pageid")
    if page_id:
        return _wiki_page(site, *_page_and_wiki(site, page_id))
    swid, title = _number(request, "swid"), request.query_params.get("title", "")
    if swid:
        subwiki = site.subwikis.get(swid)
        wiki = _activity(site, "wiki", instance=subwiki.wikiid if subwiki else 0)
        return _titled(site, wiki, [subwiki] if subwiki else [], title)
    wid = _number(request, "wid")
    wiki = _activity(site, "wiki", cmid=0 if wid else _number(request, "id"), instance=wid)
    group = _number(request, "group")
    subwikis = [one for one in shapes.subwikis_of(site, wiki) if not group or one.groupid == group]
    return _titled(site, wiki, subwikis, title or str(wiki.settings.get("firstpagetitle", "")))


def _titled(site: MoodleSite, wiki: rows.Activity, subwikis: list[rows.Subwiki], title: str) -> Response:
    for subwiki in subwikis:
        page = wiki_store.page_titled(site, subwiki.id, title)
        if page is not None:
            return _wiki_page(site, page, wiki)
    others = [link for subwiki in subwikis for link in shapes.wiki_links(site, subwiki.id)]
    return _page(
        site, "wiki_empty.html", wiki.name, crumbs=_crumbs(site, wiki), title=title, others=others, intro=_intro(wiki)
    )


def _page_and_wiki(site: MoodleSite, page_id: int) -> tuple[rows.WikiPage, rows.Activity]:
    page = site.wiki_pages.get(page_id)
    subwiki = site.subwikis.get(page.subwikiid) if page else None
    if page is None or subwiki is None:
        raise NotHere("There is no such wiki page.")
    return page, _activity(site, "wiki", instance=subwiki.wikiid)


def _wiki_page(site: MoodleSite, page: rows.WikiPage, wiki: rows.Activity) -> Response:
    groups = [
        {"title": shapes.subwiki_title(site, one), "url": f"/mod/wiki/view.php?wid={wiki.instance}&group={one.groupid}"}
        for one in shapes.subwikis_of(site, wiki)
        if one.groupid
    ]
    return _page(
        site,
        "wiki.html",
        page.title,
        crumbs=_crumbs(site, wiki),
        page=shapes.wiki_page(site, page, wiki),
        pages=shapes.wiki_links(site, page.subwikiid, current=page.id),
        group=shapes.subwiki_title(site, site.subwikis[page.subwikiid]),
        groups=groups,
    )


def _wiki_map(site: MoodleSite, request: Request) -> Response:
    page, wiki = _page_and_wiki(site, _number(request, "pageid"))
    pages = wiki_store.pages_of(site, page.subwikiid)
    links = {one.id: shapes.links_of(site, one) for one in pages}
    here = [
        {"title": title, "url": shapes.page_url(target.id) if target else ""}
        for title in links[page.id]
        for target in [wiki_store.page_titled(site, page.subwikiid, title)]
    ]
    return _page(
        site,
        "wiki_map.html",
        f"Map of {page.title}",
        crumbs=[*_crumbs(site, wiki), Crumb(page.title, shapes.page_url(page.id))],
        to=here,
        from_=[
            {"title": one.title, "url": shapes.page_url(one.id)}
            for one in pages
            if any(wiki_store.page_titled(site, page.subwikiid, title) is page for title in links[one.id])
        ],
        pages=shapes.wiki_links(site, page.subwikiid),
    )


def _missing_page(site: MoodleSite, request: Request) -> Response:
    title = request.query_params.get("title", "")
    return _page(
        site, "notice.html", title or "New page", text="This page does not exist yet. A learner could create it here."
    )


def _no_editing(site: MoodleSite, request: Request) -> Response:
    page, wiki = _page_and_wiki(site, _number(request, "pageid"))
    return _page(
        site,
        "notice.html",
        f"Edit {page.title}",
        crumbs=[*_crumbs(site, wiki), Crumb(page.title, shapes.page_url(page.id))],
        text="The sandbox shows what learners see; nothing is edited here.",
    )


def _forum(site: MoodleSite, request: Request) -> Response:
    cmid = _number(request, "id")
    forum = _activity(site, "forum", cmid=cmid, instance=0 if cmid else _number(request, "f"))
    return _page(
        site,
        "forum.html",
        forum.name,
        crumbs=_crumbs(site, forum)[:1],
        discussions=shapes.discussions(site, forum),
        intro=_intro(forum),
    )


def _discussion(site: MoodleSite, request: Request) -> Response:
    found = site.discussions.get(_number(request, "d"))
    if found is None:
        raise NotHere("There is no such discussion.")
    forum = _activity(site, "forum", instance=found.forum)
    return _page(
        site,
        "discussion.html",
        found.name or "(no subject)",
        crumbs=_crumbs(site, forum),
        posts=shapes.thread(site, found, forum),
        pinned=bool(found.pinned),
        locked=bool(found.timelocked),
    )


def _reviews(site: MoodleSite, request: Request) -> Response:
    cmid = _number(request, "id")
    database = _activity(site, "data", cmid=cmid, instance=0 if cmid else _number(request, "d"))
    entries, total = shapes.entries(site, database)
    return _page(
        site,
        "reviews.html",
        database.name,
        crumbs=_crumbs(site, database)[:1],
        entries=entries,
        total=total,
        intro=_intro(database),
    )


def _login(site: MoodleSite, request: Request) -> Response:
    return _page(site, "notice.html", "Log in", text="You are in: everybody who looks here is a learner.")
