"""The whole collection of attacks goes the whole way, from a content folder to the pages that learners see, and does
nothing there: Chromium, its guard switched off, judges what it was given.

The sandboxes clean on their own, as the real ones do, so what is sent to them is looked at by itself as well.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lms_bridge.bridge import open_bridge
from lms_bridge.cli.trial import Trial, open_trial
from lms_bridge.items import Kind
from tests.cli.conftest import ROOT, free_ports
from tests.security import corpus
from tests.security.programme import CLOSERS, LAST_WORD, write_course
from tests.security.test_cleaning import WAYS_OUT
from tests.security.watching import Watched, watched_page

pytestmark = pytest.mark.browser

Addresses = dict[str, list[str]]


@pytest.fixture
def watched(browser: Any) -> Iterator[Watched]:
    with watched_page(browser) as found:
        yield found


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """What to look at, by destination, once the attacks were synced into both sandboxes."""
    folder = tmp_path_factory.mktemp("programme")
    port = free_ports()
    config = (ROOT / "connectors.yaml").read_text(encoding="utf-8").replace("raters: pseudonym", "raters: named")
    config = config.replace("127.0.0.1:8801", f"127.0.0.1:{port}").replace("127.0.0.1:8802", f"127.0.0.1:{port + 1}")
    (folder / "connectors.yaml").write_text(config, encoding="utf-8")
    write_course(folder / "content" / "BAD")
    with open_trial(folder / "connectors.yaml", port=port, reset=False) as trial, open_bridge(trial.config) as bridge:
        reports = bridge.sync(clock=lambda: datetime.now(UTC))
        assert [str(failure.problem) for report in reports for failure in report.failures] == []
        found: Addresses = {"moodle": _moodle_pages(trial), "sharepoint": _sharepoint_pages(trial)}
        for route in trial.config.routes:
            texts = [record for record in bridge.state.records(route.name) if record.kind in (Kind.PAGE, Kind.PROMPT)]
            found[route.destination.name] += sorted({record.url for record in texts if record.url})
        yield found


def _moodle_pages(trial: Trial) -> list[str]:
    """Where titles, names and comments show together."""
    site, url = trial.pair.site, trial.pair.moodle.url
    course = next(course.id for course in site.courses.values() if course.idnumber == "BAD")
    activities = [each for name in ("wiki", "forum", "data") for each in site.activities_of(course, name)]
    return [
        f"{url}/",
        f"{url}/course/view.php?id={course}",
        *(f"{url}/mod/{each.modname}/view.php?id={each.cmid}" for each in activities),
    ]


def _sharepoint_pages(trial: Trial) -> list[str]:
    url = f"{trial.pair.sharepoint.url}{trial.pair.demo.site_path}"
    return [url, f"{url}/SitePages", f"{url}/Lists/Course%20Reviews", f"{url}/Lists/Course%20Ratings"]


def test_the_browser_sees_what_attacks_do_where_nothing_stops_them(watched: Watched) -> None:
    found = watched.show("<p>harmless <a href='https://e.org'>link</a><img src='https://e.org/p.png'></p>")
    assert found == []
    found = watched.show("".join(attack + CLOSERS for attack in corpus.OWN["a second parser reads another tree"]))
    assert {"window.__xss", "img onerror=window.__xss=1"} <= set(found)
    found = watched.show("<script>alert('x')</script><a href='javascript:x'>x</a><iframe src='https://e.org'></iframe>")
    assert {"alert(x)", "a javascript:", "<iframe>", "document https://e.org/"} <= set(found)


@pytest.mark.parametrize("way", ["a wiki page in Moodle", "a post in Moodle", "a page in SharePoint"])
def test_what_is_sent_does_nothing_even_where_the_destination_cleans_nothing(watched: Watched, way: str) -> None:
    out = WAYS_OUT[way]
    assert watched.show("\n".join(out(attack) for attack in corpus.every())) == []


@pytest.mark.parametrize("destination", ["moodle", "sharepoint"])
def test_no_attack_does_anything_on_the_pages_that_people_see(
    browser: Any, addresses: Addresses, destination: str
) -> None:
    whole = 0
    with watched_page(browser) as watched:
        for url in addresses[destination]:
            assert watched.visit(url) == [], url
            whole += LAST_WORD in watched.page.inner_text("body")
    assert whole >= 6, "the pages are shown to their last word"
