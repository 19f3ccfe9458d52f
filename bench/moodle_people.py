"""What people notice of a push: pages that they open while it writes into other courses, and while it does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figure import Asked, Figure
from bench.moodle_push import Pushed, projects, whole
from bench.page_views import Person, Views, idle, medians, reading, together
from lms_bridge.moodle.courses import find_activities
from tests.live.live_moodle import LiveSite

_WHAT = "moodle: a page view beside a push with the default connections"
_GOAL = "<= 1.5"


@dataclass(frozen=True, slots=True)
class _Walk:
    """Medians of each page's views. `idle`: before the push and after it, as a site's own pace drifts."""

    beside: dict[str, float]
    idle: dict[str, float]
    push: Pushed

    @property
    def ratio(self) -> float:
        return sum(self.beside.values()) / sum(self.idle.values())


def figures(folder: Path, courses: int, asked: Asked) -> Iterator[Figure]:
    """The walk whose ratio is in the middle, and each of its pages."""
    walks = sorted((_walk(folder / str(run), courses) for run in range(asked.runs)), key=lambda walk: walk.ratio)
    walk = walks[len(walks) // 2]
    quiet = f"idle, before and after: {1000 * sum(walk.idle.values()):.0f} ms"
    yield Figure(f"{_WHAT}: all pages", 1000 * sum(walk.beside.values()), "ms", quiet, walk.ratio, _GOAL)
    for page, seconds in walk.beside.items():
        alone = walk.idle[page]
        yield Figure(f"{_WHAT}: {page}", 1000 * seconds, "ms", f"{1000 * alone:.0f} ms", seconds / alone)
    yield Figure(f"{_WHAT}: the push itself", walk.push.writing, "s")


def _walk(folder: Path, courses: int) -> _Walk:
    with _filled(folder / "read") as people, projects(folder / "pushed", courses, ["people"]) as made:
        views: Views = {}
        before = idle(people)
        push = whole(made["people"].push(lambda: reading(people, views)))
        beside, alone = medians(views), medians(together([before, idle(people)]))
        # A short push ends before each page was opened.
        return _Walk(beside, {page: alone[page] for page in beside}, push)


@contextmanager
def _filled(folder: Path) -> Iterator[list[Person]]:
    """A visitor, and a learner of a course that has its pages and prompts."""
    with projects(folder, 1, ["read"]) as made:
        whole(made["read"].push())
        site = made["read"].site
        yield [Person({"the sign-in form": f"{site.url}/login/index.php"}, {}), _learner(site)]


def _learner(site: LiveSite) -> Person:
    (course,) = site.courses.values()
    (wiki,) = find_activities(site.admin, "wiki", [course]).of(course)
    (forum,) = find_activities(site.admin, "forum", [course]).of(course)
    listing = {"wikiid": wiki.id, "groupid": 0, "userid": 0}
    pages = site.admin.call("mod_wiki_get_subwiki_pages", listing)["pages"]
    discussions = site.admin.call("mod_forum_get_forum_discussions", {"forumid": forum.id})["discussions"]
    addresses = {
        "their dashboard": "/my/",
        "a course": f"/course/view.php?id={course}",
        "a wiki page": f"/mod/wiki/view.php?pageid={pages[-1]['id']}",
        "a discussion": f"/mod/forum/discuss.php?d={discussions[0]['discussion']}",
        "the people of a course": f"/user/index.php?id={course}",
    }
    cookies = {name: value for name, value in site.learner.session.cookies.items() if value}
    return Person({page: f"{site.url}{address}" for page, address in addresses.items()}, cookies)
