"""A sync that dies, or loses an answer, at each of its write calls, against a real Moodle: the next one puts all right.

Every write call is tried, in each of four moments, for a first sync into an empty course and for one that creates,
updates and deletes in a course that is in step. It takes a quarter of an hour; `-k "stored or lost"` is half of it.

The syncing process goes through a proxy that this test starts by itself (`http_proxy`), which needs a site that is
reached by plain http: one on this machine. Nothing else is set beside the variables of `live_moodle.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from call_proxy import CallProxy, Cut, Moment, Write, call_proxy
from live_crash import Programme, Ran, expected
from live_moodle import LiveSite, hosts, live_site, missing

if missing():
    pytest.skip(missing(), allow_module_level=True)
pytestmark = [pytest.mark.live, pytest.mark.allow_hosts(hosts()), pytest.mark.timeout(1800)]

FIRST = {
    "core_course_import_course",
    "core_course_update_courses",
    "core_update_inplace_editable",
    "mod_data_add_entry",
    "mod_forum_add_discussion",
    "mod_forum_add_discussion_post",
    "mod_forum_set_lock_state",
    "mod_wiki_new_page",
    "upload.php",
}
LATER = FIRST - {"core_course_import_course"} | {
    "mod_data_delete_entry",
    "mod_data_update_entry",
    "mod_forum_delete_post",
    "mod_forum_set_pin_state",
    "mod_forum_update_discussion_post",
    "mod_wiki_edit_page",
}
"""What a run does at least, so that nothing is left out unnoticed."""


@dataclass(slots=True)
class Desk:
    """Where programmes are begun, each in a course of its own."""

    site: LiveSite
    proxy: CallProxy
    folder: Path
    begun: int = 0

    def begin(self) -> Programme:
        self.begun += 1
        name = f"CRASH-{self.begun}"
        programme = Programme(self.site, self.proxy, self.folder / name, name)
        programme.prepare()
        programme.revise(0)
        return programme

    def settled(self) -> Programme:
        """One that is in step."""
        programme = self.begin()
        assert programme.sync().code == 0
        return programme


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with live_site([]) as site, call_proxy() as proxy:
        if not site.url.startswith("http:"):
            pytest.skip("These tests need a Moodle on this machine that is reached by plain http.")
        yield Desk(site, proxy, tmp_path_factory.mktemp("crash"))


@pytest.fixture(scope="module")
def first_writes(desk: Desk) -> list[Write]:
    programme = desk.begin()
    ran = programme.sync()
    desk.site.remove_course(programme.name)
    assert {write.function for write in ran.writes} >= FIRST
    return sorted(ran.writes, key=str)


@pytest.fixture(scope="module")
def later_writes(desk: Desk) -> list[Write]:
    programme = desk.settled()
    programme.revise(1)
    ran = programme.sync()
    desk.site.remove_course(programme.name)
    assert {write.function for write in ran.writes} >= LATER
    return sorted(ran.writes, key=str)


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.name.lower())
def test_a_first_sync_may_break_at_any_write(desk: Desk, first_writes: list[Write], moment: Moment) -> None:
    complaints = []
    for write in first_writes:
        programme = desk.begin()
        complaints += _broken_and_put_right(programme, 0, Cut(write, moment))
        desk.site.remove_course(programme.name)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.name.lower())
def test_a_later_sync_may_break_at_any_write(desk: Desk, later_writes: list[Write], moment: Moment) -> None:
    complaints = []
    programme, number = desk.settled(), 0
    for write in later_writes:
        number += 1
        programme.revise(number)
        told = [*_broken_and_put_right(programme, number, Cut(write, moment))]
        complaints += told
        if told:
            programme, number = desk.settled(), 0
    assert not complaints, "\n".join(complaints)


def _broken_and_put_right(programme: Programme, number: int, cut: Cut) -> Iterator[str]:
    """What is wrong after a sync that broke and two that did not."""
    broken = programme.sync(cut)
    if cut.write not in broken.writes:
        yield f"{cut}: the sync never came there"
    if (broken.code < 0) != (cut.moment is not Moment.LOST):
        yield f"{cut}: the sync ended with {broken.code}"
    mended = programme.sync()
    if mended.code != 0:
        yield f"{cut}: the next sync ended with {mended.code}. {_told(mended)}"
    stands, wanted = programme.standing(), expected(number)
    if stands != wanted:
        too_much = [each for each in stands if stands.count(each) > wanted.count(each)]
        too_little = [each for each in wanted if wanted.count(each) > stands.count(each)]
        yield f"{cut}: there stands {too_much} instead of {too_little}. {_told(mended)}"
    quiet = programme.sync()
    if quiet.code != 0 or quiet.writes:
        yield f"{cut}: the one after ended with {quiet.code} and wrote {[*map(str, quiet.writes)]}. {_told(quiet)}"


def _told(ran: Ran) -> str:
    failures = [f"{failure['key']}: {failure['cause']}" for failure in ran.report.get("failures", ())]
    return f"It told {failures}." if failures else ""
