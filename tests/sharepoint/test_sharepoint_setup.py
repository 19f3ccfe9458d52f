"""What an admin does once: provisioning, the check before a run, and the probe of what documentation leaves open."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sharepoint_world import World

from lms_bridge.connector import Finding, Level
from lms_bridge.sandbox.sharepoint.model import Registration
from lms_bridge.sharepoint.check import check_site
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.sharepoint.probe import probe
from lms_bridge.sharepoint.setup import instructions, provision, provision_site


@pytest.fixture
def site(world: World) -> Iterator[SharePointSite]:
    site = world.open()
    yield site
    site.close()


def errors(findings: list[Finding]) -> str:
    return "\n".join(f"{f.what}: {f.problem}" for f in findings if f.level is Level.ERROR)


# Provisioning


def test_the_list_of_ratings_is_made_in_one_call_with_a_unique_indexed_key(world: World) -> None:
    world.provision()
    sent = [json.loads(body) for path, _, body in world.recorder.of("POST", "/lists") if path.endswith("/lists")]
    ratings = next(body for body in sent if body["displayName"] == "Course Ratings")
    assert ratings["description"] == "Written by lms-bridge; do not edit by hand"
    assert ratings["list"] == {"template": "genericList"}
    assert ratings["columns"][:8] == [
        {
            "name": "CourseKey",
            "displayName": "Course key",
            "required": True,
            "indexed": True,
            "enforceUniqueValues": True,
            "text": {"allowMultipleLines": False, "maxLength": 255},
        },
        {
            "name": "LmsAverage",
            "displayName": "Average",
            "number": {"decimalPlaces": "two", "minimum": 0, "maximum": 5},
        },
        {"name": "LmsCount", "displayName": "Ratings", "number": {"decimalPlaces": "none", "minimum": 0}},
        {"name": "LmsStars", "displayName": "Stars", "text": {"maxLength": 60}},
        {"name": "LmsHistogram", "displayName": "Spread", "text": {"maxLength": 80}},
        {"name": "LmsCourseUrl", "displayName": "Course", "text": {"maxLength": 255}},
        {
            "name": "LmsUpdated",
            "displayName": "Updated",
            "dateTime": {"format": "dateTime", "displayAs": "standard"},
        },
        {"name": "LmsHash", "displayName": "Hash", "hidden": False, "text": {"maxLength": 64}},
    ]


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(world: World) -> None:
    found = list(provision(world.settings(), world.folder, dry_run=True))
    assert [f.what.split(" with")[0] for f in found if f.what.startswith("would")] == [
        "would make list 'Course Ratings'",
        "would make list 'Course Reviews'",
    ]
    assert world.recorder.of("POST", "/v1.0/sites") == []


def test_a_dry_run_says_so_when_nothing_is_missing(world: World) -> None:
    world.provision()
    found = list(provision(world.settings(), world.folder, dry_run=True))
    assert [f.what for f in found if "every column" in f.what] == [
        "list 'Course Ratings' has every column, and its key is unique and indexed",
        "list 'Course Reviews' has every column, and its key is unique and indexed",
    ]


def test_provisioning_twice_changes_nothing(world: World, site: SharePointSite) -> None:
    world.provision()
    before = len(world.recorder.of("POST", "/v1.0/sites"))
    found = list(provision_site(site, dry_run=False))
    assert {f.level for f in found} == {Level.OK}
    assert len(world.recorder.of("POST", "/v1.0/sites")) == before


def test_a_list_that_a_person_made_gets_the_columns_that_it_lacks(world: World, site: SharePointSite) -> None:
    world.provision()
    ratings = world.list_titled("Course Ratings")
    with world.tenant.lock:
        del ratings.columns["LmsStars"]
        ratings.columns["CourseKey"].unique = ratings.columns["CourseKey"].indexed = False
    assert "CourseKey must be indexed" in errors(list(site.check()))
    list(provision_site(site, dry_run=False))
    assert ratings.columns["CourseKey"].unique
    assert ratings.columns["CourseKey"].indexed
    assert "LmsStars" in ratings.columns
    assert errors(list(site.check())) == ""


def test_an_app_that_may_only_write_is_told_what_making_lists_needs(world: World, site: SharePointSite) -> None:
    world.grant("write")
    text = errors(list(provision_site(site, dry_run=False)))
    assert "role `owner`" in text
    assert "Course Ratings" in text


def test_the_instructions_name_this_app_this_site_and_the_exact_grants(world: World) -> None:
    text = "\n".join(instructions(world.settings()))
    for word in (world.server.demo.client_id, "/sites/learning", "Sites.Selected", '"roles":["ROLE"]', "`write`"):
        assert word in text


# The check before a run


def test_the_check_writes_nothing(world: World, site: SharePointSite) -> None:
    world.provision()
    before = len(world.recorder.of("POST", "/v1.0/"))
    assert errors(list(site.check())) == ""
    assert len(world.recorder.of("POST", "/v1.0/")) == before


def test_the_check_tells_a_list_that_wants_an_approval(world: World, site: SharePointSite) -> None:
    world.provision()
    world.hand.require_approval("Course Reviews")
    (told,) = [finding for finding in site.check() if "approval" in str(finding.problem)]
    assert told.level is Level.WARNING
    assert "list 'Course Reviews' for reviews" in told.what
    assert "Require content approval" in str(told.problem)


def test_a_missing_list_is_named_with_the_command_that_makes_it(site: SharePointSite) -> None:
    text = errors(list(site.check()))
    assert "list 'Course Ratings'" in text
    assert "lms-bridge setup sharepoint" in text


def test_a_missing_grant_on_the_site_is_told_apart_from_a_missing_permission(world: World) -> None:
    world.grant()
    site = world.open()
    text = errors(list(site.check()))
    assert "Sites.Selected" in text
    assert "role `write`" in text
    site.close()


def test_a_missing_permission_in_entra_is_named_with_where_to_click(world: World) -> None:
    register(world, roles=())
    site = world.open()
    assert "API permissions" in errors(list(site.check()))
    site.close()


def test_a_permission_that_reaches_every_site_is_warned_of(world: World) -> None:
    register(world, roles=("Sites.ReadWrite.All",))
    site = world.open()
    warnings = [str(f.problem) for f in site.check() if f.level is Level.WARNING]
    assert any("reaches every site" in warning for warning in warnings)
    site.close()


def test_a_certificate_that_ends_soon_is_warned_of(world: World, site: SharePointSite) -> None:
    later = datetime.now(UTC) + timedelta(days=15)
    warnings = [f.what for f in check_site(site, now=lambda: later) if f.level is Level.WARNING]
    assert "the certificate" in warnings


def test_a_site_without_a_library_for_images_is_told(world: World, site: SharePointSite) -> None:
    with world.tenant.lock:
        for one in [one for one in world.site.lists.values() if one.name == "SiteAssets"]:
            del world.site.lists[one.id]
    assert "Site Assets" in errors(list(site.check()))


def register(world: World, *, roles: tuple[str, ...]) -> None:
    client = world.server.demo.client_id
    certificate = (world.folder / "app-cert.pem").read_bytes()
    world.tenant.register(Registration(client, "lms-bridge", roles=roles, certificates=(certificate,)))


# The probe


def test_the_probe_answers_every_open_point_and_leaves_nothing_behind(world: World, site: SharePointSite) -> None:
    lists = len(world.site.lists)
    found = list(probe(world.settings(), world.folder, sleep=world.clock.sleep, site=site))
    text = "\n".join(f.what for f in found)
    assert errors(found) == ""
    for words in (
        "pages can be made and published",
        "If-Match on a page's PATCH is honoured (answer 412)",
        "a page name that is taken is refused with 409",
        "capital S",
        "a text web part keeps: h1, h2",
        "a text web part loses:",
        "a page of 1,000,000 bytes is taken",
        "unique columns do not tell upper from lower case",
        "a fresh key is found",
        "classic discussion boards can be made",
    ):
        assert words in text
    assert world.pages() == []
    assert len(world.site.lists) == lists


def test_the_probe_sees_other_answers_too(world: World, site: SharePointSite) -> None:
    world.tenant.behaviour.duplicate_page_names = "number"
    world.tenant.behaviour.page_if_match = False
    text = "\n".join(f.what for f in probe(world.settings(), world.folder, sleep=world.clock.sleep, site=site))
    assert "is not honoured" in text
    assert "is numbered by SharePoint" in text
    assert world.pages() == []


def test_the_probe_removes_its_page_also_when_lists_may_not_be_made(world: World, site: SharePointSite) -> None:
    world.grant("write")
    found = list(probe(world.settings(), world.folder, sleep=world.clock.sleep, site=site))
    assert "lists" in [f.what for f in found if f.level is Level.ERROR]
    assert world.pages() == []
