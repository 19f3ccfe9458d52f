"""Workers that share a run on a real Moodle: so many courses that they share looking for them, and pages that lead from
one course into the next, which another worker may have written.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from live_moodle import TOKEN, LiveSite, hosts, live_site, missing

from lms_bridge.moodle.courses import find_activities
from lms_bridge.sync.searching import FEW_COURSES
from tests.conftest import postgresql

if missing():
    pytest.skip(missing(), allow_module_level=True)
pytest.importorskip("pgqueuer", reason="install the extra `scale` to try workers")
pytestmark = [pytest.mark.live, pytest.mark.allow_hosts(hosts()), pytest.mark.postgresql, pytest.mark.timeout(900)]
COURSES = FEW_COURSES + 5
COMMAND = [sys.executable, "-c", "from lms_bridge.cli import main; main()"]


def write(site: LiveSite, folder: Path, state: str) -> None:
    courses = [site.course_id(name) for name in site.courses]
    for course, there in zip(courses, [*courses[1:], courses[0]], strict=True):
        wiki = folder / "content" / course / "wiki"
        wiki.mkdir(parents=True)
        (wiki.parent / "course.yaml").write_text("title: A course\n", encoding="utf-8")
        (wiki / "page.md").write_text(f"# A page\n\nSee [that](../../{there}/wiki/page.md).\n", encoding="utf-8")
    config = {
        "version": 1,
        "state": state,
        "sources": {"programme": {"type": "files", "path": "content"}},
        "destinations": {"moodle": {"type": "moodle", "url": site.url, "token": f"${{env:{TOKEN}}}"}},
        "routes": {"moodle": {"from": "programme", "to": "moodle", "kinds": ["page"]}},
    }
    (folder / "connectors.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


@contextmanager
def worker(folder: Path) -> Iterator[None]:
    process = subprocess.Popen([*COMMAND, "worker"], cwd=folder, env=environment())
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def told(folder: Path, *words: str) -> dict[str, int]:
    command = [*COMMAND, *words, "--output", "json"]
    ended = subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    summary: dict[str, Any] = json.loads(ended.stdout)["summary"]
    return {name: count for name, count in summary.items() if count}


def pages(site: LiveSite) -> Counter[tuple[str, str]]:
    """What stands, by course and title, with the number of the wiki that its text leads to in brackets."""
    wikis = find_activities(site.admin, "wiki", site.courses.values())
    found: Counter[tuple[str, str]] = Counter()
    numbers = list(site.courses.values())
    for number, following in zip(numbers, [*numbers[1:], numbers[0]], strict=True):
        (wiki,), (there,) = wikis.of(number), wikis.of(following)
        for page in site.admin.call("mod_wiki_get_subwiki_pages", {"wikiid": wiki.id})["pages"]:
            leads = f"wid={there.id}&" in page["cachedcontent"].replace("&amp;", "&")
            found[page["title"], "leads on" if leads else ""] += 1
    return found


def test_workers_share_courses_of_a_real_site_and_everything_stands_once(tmp_path: Path) -> None:
    with ExitStack() as stack:
        site = stack.enter_context(live_site([f"W{n:02}" for n in range(COURSES)]))
        # Not below pytest's own folder: that is closed to the user that PostgreSQL runs as.
        server = stack.enter_context(postgresql(Path(stack.enter_context(TemporaryDirectory()))))
        write(site, tmp_path, server)
        for _ in range(2):
            stack.enter_context(worker(tmp_path))
        assert told(tmp_path, "sync", "--shared") == {"created": 2 * COURSES}
        standing = pages(site)
        assert standing[("A page", "leads on")] == COURSES
        assert standing.total() == 2 * COURSES
        assert told(tmp_path, "sync", "--shared") == {"unchanged": 2 * COURSES}
        assert told(tmp_path, "plan") == {"unchanged": 2 * COURSES}
