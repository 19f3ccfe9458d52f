"""Whatever somebody asks of a page, they get a page: never a fault of the console's, and nothing is begun by it."""

import string
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.console.console_world import ADDRESS, Room, token_of
from tests.console.seeding import PLACE, ROUTE, conflict, record, run, stand
from tests.console.test_access import MAY, filled

GETS = sorted(path for method, path in MAY if method == "GET" and "entra" not in path)
POSTS = sorted(path for method, path in MAY if method == "POST" and path not in ("/findings", "/previews", "/sign-out"))
NAMES = [
    "page",
    "words",
    "course",
    "kind",
    "tag",
    "state",
    "route",
    "place",
    "key",
    "only",
    "status",
    "next",
    "answer",
    "html",
]
KNOWN = [ROUTE, PLACE.id, "k", "1", "0", "-1", "edited", "ours", "stands", "page", "/", "//", "done", "programme:x"]
ANYTHING = st.one_of(
    st.sampled_from(KNOWN),
    st.text(max_size=60),
    st.text(alphabet=string.digits + "²٣-+.e", max_size=30),
    st.text(alphabet="/\\.%\0<>'\"&;:#?", max_size=30),
)
FIELDS = st.dictionaries(
    st.sampled_from(
        [*NAMES, "name", "password", "checksum", "approve", "version", "digest", "text", "seen", "checked"]
    ),
    ANYTHING,
)
PATIENT = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fill(room: Room) -> None:
    room.let_edit()
    stand(room.folder, record("k", "Cells"))
    run(room.folder, "r1", {"key": "k"})
    conflict(room.folder, "k", "Cells", theirs="<p>a</p>", ours="<p>b</p>")


@PATIENT
@given(data=st.data())
def test_any_address_gives_a_page(room: Room, data: st.DataObject) -> None:
    if not room.console.desk.state.looking.run("r1"):
        fill(room)
    part = data.draw(st.one_of(st.sampled_from(["r1", ROUTE, "none"]), st.text(min_size=1, max_size=30)))
    path = data.draw(st.sampled_from(GETS)).replace("{run}", quote(part, safe="")).replace("{route}", ROUTE)
    answer = room.signed_in("ada").get(filled(path), params=data.draw(FIELDS))
    assert answer.status_code in (200, 303, 400, 404)


@PATIENT
@given(data=st.data())
def test_any_form_gives_a_page(room: Room, data: st.DataObject) -> None:
    if not room.console.desk.state.looking.run("r1"):
        fill(room)
    client = room.signed_in("ada")
    token = token_of(client.get("/plan").text)
    fields = data.draw(FIELDS)
    # What would really be begun is tried with both sandboxes elsewhere.
    if fields.get("route") == ROUTE:
        fields["route"] = "another"
    path = filled(data.draw(st.sampled_from([path for path in POSTS if "{route}" not in path])))
    answer = client.post(path, data=fields | {"token": token}, headers={"Origin": ADDRESS})
    # A text of the config that was checked is shown with what is wrong with it, on the page that it was sent from.
    assert answer.status_code in ((200, 400) if path == "/config/check" else (303, 400, 401, 404, 429))
    assert room.service.told == []
