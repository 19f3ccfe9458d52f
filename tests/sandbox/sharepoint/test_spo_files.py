"""Files through Graph: uploaded at once or in ranges, found by path and id, measured, downloaded."""

import struct

import pytest
from spo_world import Json, World, error

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x02\x00\x00\x00"
JPEG = b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 20, 30) + b"\x00" * 8


@pytest.fixture
def drive(world: World) -> str:
    found = world.graph("GET", f"{world.site_path}/lists/Site Assets/drive").json()
    return f"/drives/{found['id']}"


def put(world: World, drive: str, path: str, content: bytes = b"x", query: str = "") -> Json:
    answer = world.graph("PUT", f"{drive}/root:/{path}:/content{query}", content, Content_Type="image/png")
    assert answer.status_code in (200, 201), answer.text
    found: Json = answer.json()
    return found


@pytest.mark.parametrize(
    ("content", "size"), [(PNG, (640, 480)), (JPEG, (30, 20)), (b"GIF89a\x02\x00\x03\x00", (2, 3))]
)
def test_an_image_is_measured_and_says_where_it_is(
    world: World, drive: str, content: bytes, size: tuple[int, int]
) -> None:
    made = put(world, drive, "lms bridge/c/a.png", content)
    assert (made["image"]["width"], made["image"]["height"]) == size
    ids = made["sharepointIds"]
    assert (ids["siteId"], ids["webId"]) == (world.site.id, world.site.web_id)
    assert made["eTag"] == '"{' + ids["listItemUniqueId"].upper() + '},1"'
    assert made["webUrl"] == "https://contoso.sharepoint.com/sites/learning/SiteAssets/lms%20bridge/c/a.png"


def test_a_file_is_found_by_path_and_id_and_downloaded_without_a_token(world: World, drive: str) -> None:
    made = put(world, drive, "a/b.png", PNG)
    assert world.graph("GET", f"{drive}/root:/A/B.png").json()["id"] == made["id"]
    assert world.graph("GET", f"{drive}/items/{made['id']}").json()["name"] == "b.png"
    moved = world.graph("GET", f"{drive}/items/{made['id']}/content")
    assert moved.status_code == 302
    assert world.http.get(moved.headers["Location"]).content == PNG
    shown = world.http.get(f"{world.url}/sites/learning/SiteAssets/a/b.png")
    assert (shown.content, shown.headers["Content-Type"]) == (PNG, "image/png")


def test_a_second_upload_replaces_or_is_refused_or_renamed(world: World, drive: str) -> None:
    first = put(world, drive, "a.png", b"one")
    again = put(world, drive, "a.png", b"two")
    assert (again["id"], again["size"]) == (first["id"], 3)
    assert again["eTag"] != first["eTag"]
    query = "?@microsoft.graph.conflictBehavior="
    refused = world.graph("PUT", f"{drive}/root:/a.png:/content{query}fail", b"x")
    assert error(refused) == (409, "nameAlreadyExists")
    assert put(world, drive, "a.png", query=f"{query}rename")["name"] == "a 1.png"


def test_folders_are_made_listed_renamed_and_deleted_with_what_is_in_them(world: World, drive: str) -> None:
    folder = world.graph("POST", f"{drive}/root/children", {"name": "old", "folder": {}}).json()
    put(world, drive, "old/a.png")
    put(world, drive, "old/deep/b.png")
    assert world.graph("GET", f"{drive}/items/{folder['id']}").json()["folder"]["childCount"] == 2
    world.graph("PATCH", f"{drive}/items/{folder['id']}", {"name": "new"})
    found = world.graph("GET", f"{drive}/root:/new:/children").json()["value"]
    assert {one["name"] for one in found} == {"a.png", "deep"}
    assert world.graph("GET", f"{drive}/root:/new/deep/b.png").status_code == 200
    assert world.graph("DELETE", f"{drive}/items/{folder['id']}").status_code == 204
    assert world.graph("GET", f"{drive}/root/children").json()["value"] == []


@pytest.mark.parametrize("path", ["a*b.png", "..", "~$a.png", "a/_vti_b/c.png", "CON", "x" * 401])
def test_a_name_that_sharepoint_does_not_take_is_refused(world: World, drive: str, path: str) -> None:
    address = f"{drive}/root:/{path.replace('..', '%2E%2E')}:/content"
    assert error(world.graph("PUT", address, b"x"))[0] == 400
    assert world.graph("GET", f"{drive}/root/children").json()["value"] == []


def test_a_large_file_arrives_in_ranges(world: World, drive: str) -> None:
    content = bytes(320 * 1024) + b"the rest"
    session = world.graph("POST", f"{drive}/root:/big.bin:/createUploadSession", {"item": {}}).json()
    url = session["uploadUrl"]
    assert session["nextExpectedRanges"] == ["0-"]
    head, tail, total = content[: 320 * 1024], content[320 * 1024 :], len(content)
    odd = world.http.put(url, data=b"abc", headers={"Content-Range": f"bytes 0-2/{total}"})
    assert odd.status_code == 400
    first = world.http.put(url, data=head, headers={"Content-Range": f"bytes 0-{len(head) - 1}/{total}"})
    assert (first.status_code, first.json()["nextExpectedRanges"]) == (202, [f"{len(head)}-"])
    again = world.http.put(url, data=head, headers={"Content-Range": f"bytes 0-{len(head) - 1}/{total}"})
    assert again.status_code == 416
    assert world.http.get(url).json()["nextExpectedRanges"] == [f"{len(head)}-"]
    done = world.http.put(url, data=tail, headers={"Content-Range": f"bytes {len(head)}-{total - 1}/{total}"})
    assert (done.status_code, done.json()["size"]) == (201, total)
    assert world.http.get(url).status_code == 404


def test_an_upload_can_be_given_up(world: World, drive: str) -> None:
    session = world.graph("POST", f"{drive}/root:/big.bin:/createUploadSession", {"item": {}}).json()
    assert world.http.delete(session["uploadUrl"]).status_code == 204
    assert world.http.put(session["uploadUrl"], data=b"x").status_code == 404


def test_libraries_are_listed_as_drives_and_lists_are_not(world: World) -> None:
    ratings = world.ratings()
    drives = world.graph("GET", f"{world.site_path}/drives").json()["value"]
    assert {one["name"] for one in drives} == {"Documents", "Site Assets"}
    assert world.graph("GET", f"{ratings}/drive").status_code == 404
    assert world.graph("GET", f"{world.site_path}/drive").json()["name"] == "Documents"


def test_a_file_that_a_browser_could_run_is_only_ever_downloaded(world: World, drive: str) -> None:
    put(world, drive, "evil.html", b"<script>alert(1)</script>")
    world.graph("PUT", f"{drive}/root:/evil.svg:/content", b"<svg onload='x'/>", Content_Type="image/svg+xml")
    for name in ("evil.html", "evil.svg"):
        shown = world.http.get(f"{world.url}/sites/learning/SiteAssets/{name}")
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        if name == "evil.svg":
            assert shown.headers["Content-Type"] == "application/octet-stream"
            assert shown.headers["Content-Disposition"].startswith("attachment")
