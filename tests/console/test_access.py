"""Who gets in, who may do what, and what nobody can make the console do from outside."""

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.routing import Route

from lms_bridge.console.access import entra
from lms_bridge.console.access.entra import EntraApp, EntraDoor
from lms_bridge.console.access.passwords import PasswordFile
from lms_bridge.console.access.roles import Person, Role
from lms_bridge.errors import BridgeError, ConfigError, Denied, Unreachable, UsageError
from tests.console.console_world import ADDRESS, PASSWORD, Room, post, token_of

# Written out here, not taken from the pages: a page that is new, or gives more than before, is looked at by somebody.
NOBODY, VIEWER, APPROVER, ADMIN = None, Role.VIEWER, Role.APPROVER, Role.ADMIN
MAY = {
    ("GET", "/static/{file}"): NOBODY,
    ("GET", "/sign-in"): NOBODY,
    ("POST", "/sign-in"): NOBODY,
    ("GET", "/sign-in/entra"): NOBODY,
    ("GET", "/sign-in/entra/back"): NOBODY,
    ("POST", "/sign-out"): VIEWER,
    ("GET", "/"): VIEWER,
    ("GET", "/plan"): VIEWER,
    ("POST", "/plan"): VIEWER,
    ("POST", "/differences"): VIEWER,
    ("GET", "/looks/{id}"): VIEWER,
    ("POST", "/run"): APPROVER,
    ("GET", "/routes/{route}"): VIEWER,
    ("GET", "/routes/{route}/now"): VIEWER,
    ("POST", "/routes/{route}/cancel"): APPROVER,
    ("GET", "/reviews"): VIEWER,
    ("GET", "/reviews/one"): VIEWER,
    ("POST", "/reviews/one"): APPROVER,
    ("GET", "/drafts"): VIEWER,
    ("POST", "/drafts"): VIEWER,
    ("POST", "/drafts/approve"): APPROVER,
    ("GET", "/content"): VIEWER,
    ("GET", "/content/item"): VIEWER,
    ("POST", "/previews"): VIEWER,
    ("GET", "/previews/{id}/{number}"): VIEWER,
    ("GET", "/courses"): VIEWER,
    ("GET", "/runs"): VIEWER,
    ("GET", "/runs/{run}"): VIEWER,
    ("GET", "/findings"): VIEWER,
    ("POST", "/findings"): VIEWER,
    ("GET", "/config"): ADMIN,
    ("GET", "/config/edit"): ADMIN,
    ("POST", "/config/check"): ADMIN,
    ("POST", "/config/save"): ADMIN,
}
GUARDED = [(*page, role) for page, role in MAY.items() if role is not None]
POSTS = [(path, role) for method, path, role in GUARDED if method == "POST"]


def pages_of(room: Room) -> set[tuple[str, str]]:
    routes = [route for route in room.app.routes if isinstance(route, Route)]
    assert len(routes) == len(room.app.routes)
    return {(method, route.path) for route in routes for method in route.methods or () if method != "HEAD"}


def filled(path: str) -> str:
    return path.replace("{route}", "programme-to-moodle").replace("{", "").replace("}", "")


def test_every_page_of_the_console_is_named_here_with_who_may_open_it(room: Room) -> None:
    assert pages_of(room) == set(MAY)


@pytest.mark.parametrize(("method", "path", "role"), GUARDED)
def test_nobody_opens_a_page_without_signing_in(room: Room, method: str, path: str, role: Role) -> None:
    answer = room.visitor().request(method, filled(path))
    if method == "GET":
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
    else:
        assert answer.status_code == 401
    assert "programme-to-moodle" not in answer.text
    assert room.service.told == []


@pytest.mark.parametrize("name", ["vera", "anna", "ada"])
@pytest.mark.parametrize(("method", "path", "role"), GUARDED)
def test_each_role_opens_what_it_may_and_nothing_else(
    room: Room, method: str, path: str, role: Role, name: str
) -> None:
    client = room.signed_in(name)
    answer = client.get(filled(path)) if method == "GET" else post(client, filled(path))
    own = {"vera": VIEWER, "anna": APPROVER, "ada": ADMIN}[name]
    if own < role:
        assert answer.status_code == 403
        assert "Not allowed" in answer.text
        assert room.service.told == []
        assert [what for _, what, *_ in room.decisions] == []
    else:
        assert answer.status_code not in (401, 403, 405, 500)
        assert "/sign-in" not in answer.headers.get("location", "") or path == "/sign-out"


@pytest.mark.parametrize(("path", "role"), POSTS)
@pytest.mark.parametrize(
    "how",
    [
        "no token",
        "another's token",
        "another site",
        "a hidden origin",
        "cross-site",
        "as JSON",
        "as a file",
        "too much",
    ],
)  # fmt: skip
def test_no_other_site_has_a_form_sent_in_a_person_s_name(room: Room, path: str, role: Role, how: str) -> None:
    client = room.signed_in("ada")
    token = token_of(client.get("/").text)
    fields, headers = {"token": token, "route": "programme-to-moodle"}, {"Origin": ADDRESS}
    match how:
        case "no token":
            del fields["token"]
        case "another's token":
            fields["token"] = token_of(room.signed_in("ada").get("/").text)
        case "another site":
            headers["Origin"] = "http://localhost.example.org"
        case "a hidden origin":
            headers["Origin"] = "null"
        case "cross-site":
            headers = {"Sec-Fetch-Site": "cross-site"}
        case "too much":
            fields["only"] = "x" * 3_000_000
    if how == "as JSON":
        answer = client.post(filled(path), json=fields, headers=headers)
    elif how == "as a file":
        answer = client.post(filled(path), data=fields, files={"file": b"x"}, headers=headers)
    else:
        answer = client.post(filled(path), data=fields, headers=headers)
    assert answer.status_code == 403
    assert room.service.told == []
    assert room.decisions == []
    assert client.get("/").status_code == 200, "the session goes on"


@pytest.mark.parametrize("headers", [{}, {"Origin": ADDRESS}, {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}])
def test_a_form_of_our_own_is_taken_from_browsers_that_name_no_origin_as_well(
    room: Room, headers: dict[str, str]
) -> None:
    """So that what is refused above is refused for what it says: without an origin the token alone decides."""
    client = room.signed_in("ada")
    token = token_of(client.get("/").text)
    path = "/routes/programme-to-moodle/cancel"
    assert client.post(path, data={"token": token}, headers=headers).status_code == 400, "nothing runs that could end"
    assert [what for _, what, *_ in room.decisions] == ["run cancelled"]
    for wrong in ({}, {"token": ""}, {"token": token[:-1]}):
        assert client.post(path, data=wrong, headers=headers).status_code == 403
    assert len(room.decisions) == 1


def sign_in(room: Room, client, name: str = "anna", password: str = PASSWORD, **fields: str):
    token = token_of(client.get("/sign-in").text)
    data = {"token": token, "name": name, "password": password, **fields}
    return client.post("/sign-in", data=data, headers={"Origin": ADDRESS})


def carrying(room: Room, id_: str):
    """A browser that has this for a session."""
    client = room.visitor()
    client.cookies.set("lms-bridge", id_)
    return client


def test_a_person_signs_in_and_out(room: Room) -> None:
    client = room.visitor()
    assert sign_in(room, client).headers["location"] == "/"
    assert "anna" in client.get("/").text
    id_ = client.cookies["lms-bridge"]
    out = post(client, "/sign-out")
    assert out.headers["location"] == "/sign-in"
    assert carrying(room, id_).get("/").status_code == 303
    assert [(who, what) for who, what, *_ in room.decisions] == [("anna", "signed in"), ("anna", "signed out")]


def test_an_id_that_somebody_planted_is_never_taken_for_a_session(room: Room) -> None:
    planted = "planted-by-somebody-else-0123456789"
    client = carrying(room, planted)
    answer = sign_in(room, client)
    assert answer.status_code == 303
    assert planted not in answer.headers["set-cookie"]
    assert carrying(room, planted).get("/").status_code == 303


def test_whoever_signs_in_again_gets_another_id_and_the_old_one_ends(room: Room) -> None:
    client = room.visitor()
    sign_in(room, client)
    first = client.cookies["lms-bridge"]
    # The sign-in form of somebody who has a session carries that session's token.
    post(client, "/sign-in", name="anna", password=PASSWORD)
    assert client.cookies["lms-bridge"] != first
    assert carrying(room, first).get("/").status_code == 303


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(room: Room) -> None:
    plain = sign_in(room, room.visitor()).headers["set-cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=lax" in plain
    safe = room.visitor(address="https://localhost")
    token = token_of(safe.get("/sign-in").text)
    answer = safe.post("/sign-in", data={"token": token, "name": "anna", "password": PASSWORD})
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if "visitor" not in each]
    assert cookie.startswith("__Host-lms-bridge=")
    assert "Secure" in cookie


def test_a_session_ends_when_nobody_uses_it_and_after_a_day_s_work_in_any_case(room: Room) -> None:
    idle = room.signed_in("anna")
    room.clock.wait(29 * 60)
    assert idle.get("/plan").status_code == 200
    room.clock.wait(31 * 60)
    assert idle.get("/plan").status_code == 303
    busy = room.signed_in("anna")
    for _ in range(24):
        room.clock.wait(25 * 60)
        assert busy.get("/plan").status_code == 200
    room.clock.wait(25 * 60)
    assert busy.get("/plan").status_code == 303


def test_whoever_is_taken_out_of_the_file_is_out_at_the_next_step(room: Room, tmp_path: Path) -> None:
    own = PasswordFile(tmp_path / "own.json")
    own.put("eve", PASSWORD, Role.ADMIN)
    object.__setattr__(room.console.desk.access, "passwords", own)
    client = room.visitor()
    client.cookies.set("lms-bridge", room.console.desk.sessions.begin(Person("eve", Role.ADMIN)))
    assert client.get("/config").status_code == 200
    own.put("eve", PASSWORD, Role.VIEWER)
    assert client.get("/config").status_code == 303
    own.remove("eve")
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "javascript:alert(1)", "http:evil.example", "/%0d%0aLocation: https://evil.example", " //evil.example",
        "///evil", "/x\r\nSet-Cookie: a=b", "evil.example",
    ],
)  # fmt: skip
def test_nobody_is_sent_to_another_site_after_signing_in(room: Room, wanted: str) -> None:
    client = room.visitor()
    answer = sign_in(room, client, next=wanted)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/")
    assert answer.headers["location"][1:2] not in ("/", "\\")
    assert "evil" not in answer.headers["location"].split("%0d%0a")[0]
    assert client.get("/sign-in", params={"next": wanted}).headers["location"].startswith("/")


def test_whoever_was_on_the_way_to_a_page_gets_there_after_signing_in(room: Room) -> None:
    client = room.visitor()
    to = client.get("/content?words=a&kind=page").headers["location"]
    assert to.startswith("/sign-in?next=/content")
    token = token_of(client.get(to).text)
    data = {"token": token, "name": "anna", "password": PASSWORD, "next": "/content?words=a&kind=page"}
    assert client.post("/sign-in", data=data).headers["location"] == "/content?words=a&kind=page"


def test_guessing_passwords_is_slowed_down_until_it_is_hopeless(room: Room) -> None:
    client = room.visitor()
    for _ in range(5):
        assert sign_in(room, client, password="wrong").status_code == 401
    assert sign_in(room, client).status_code == 429, "even the right one"
    room.clock.wait(3)
    assert sign_in(room, client, password="wrong").status_code == 401
    answer = sign_in(room, client)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 4
    room.clock.wait(5)
    assert sign_in(room, client).status_code == 303
    assert sign_in(room, room.visitor(), password="wrong").status_code == 401, "it begins anew"


def test_guessing_names_from_one_address_is_slowed_down_as_well(room: Room) -> None:
    client = room.visitor()
    codes = [sign_in(room, client, name=f"name{at}", password="wrong").status_code for at in range(21)]
    assert codes == [401] * 20 + [429]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "[::2]", "[::1].evil"]
)
def test_another_name_that_leads_here_opens_nothing(room: Room, host: str) -> None:
    client = room.signed_in("ada")
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "programme" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:80"])
def test_its_own_names_do(room: Room, host: str) -> None:
    assert room.visitor().get("/sign-in", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2e%2e%2fapp.py", "/static/.",
        "/static//etc/passwd", "/static/console.css%00.py", "/static/README.md", "/static/..%5capp.py",
        "/runs/..%2f..%2fetc%2fpasswd",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file_that_is_not_meant(room: Room, path: str) -> None:
    answer = room.signed_in("ada").get(path)
    assert answer.status_code == 404
    assert "import" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/", "/nowhere", "/config", "/static/console.js", "/looks/none"])
def test_every_answer_forbids_scripts_and_frames_of_others(room: Room, path: str) -> None:
    headers = room.signed_in("ada").get(path).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.usefixtures("real_hashes")
def test_passwords_are_hashed_so_that_guessing_takes_long(tmp_path: Path) -> None:
    PasswordFile(tmp_path / "users.json").put("ann", PASSWORD, Role.ADMIN)
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in (tmp_path / "users.json").read_text()


def test_only_the_owner_of_the_machine_reads_the_password_file(tmp_path: Path) -> None:
    file = PasswordFile(tmp_path / "users.json")
    file.put("ann", PASSWORD, Role.ADMIN)
    assert (tmp_path / "users.json").stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in (tmp_path / "users.json").read_text()
    assert file.verify("ann", PASSWORD) is Role.ADMIN
    (tmp_path / "users.json").chmod(0o640)
    with pytest.raises(ConfigError, match="other accounts"):
        file.role("ann")
    with pytest.raises(ConfigError, match="other accounts"):
        PasswordFile(tmp_path / "users.json").role("ann")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"users": {"a": 1}}', '{"users": {"a": {"role": "god", "hash": ""}}}']
)
def test_a_password_file_that_is_none_lets_nobody_in(tmp_path: Path, content: str) -> None:
    path = tmp_path / "users.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="no password file"):
        PasswordFile(path).verify("a", PASSWORD)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone may become another account")
def test_a_password_file_of_another_account_is_told_as_that() -> None:
    """Made by root, and read by the service: nothing is wrong with what stands in it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = PasswordFile(Path(folder) / "users.json")
        file.put("ann", PASSWORD, Role.ADMIN)
        os.seteuid(65534)
        try:
            with pytest.raises(ConfigError, match="may not be read by this account"):
                file.verify("ann", PASSWORD)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("name", "password"), [("a b", PASSWORD), ("", PASSWORD), ("x" * 101, PASSWORD), ("ann", "short")]
)
def test_weak_passwords_and_odd_names_are_refused(tmp_path: Path, name: str, password: str) -> None:
    with pytest.raises(UsageError):
        PasswordFile(tmp_path / "users.json").put(name, password, Role.VIEWER)
    assert not (tmp_path / "users.json").exists()


def test_an_entra_that_does_not_answer_keeps_nobody_else_waiting(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each who waits holds one of the few threads that all pages, and whether the service is well, are answered in."""
    asked, answers = threading.Event(), threading.Event()

    def silent(ca_file: Path | None) -> object:
        asked.set()
        answers.wait(60)
        raise ValueError

    monkeypatch.setattr(entra, "_session", silent)
    monkeypatch.setattr(entra, "_TURN", 0.01)
    door = EntraDoor(EntraApp(authority="a", client_id="c", credential="s", redirect="r"), room.clock)
    told: list[Exception] = []

    def tried(come: Callable[[], object]) -> threading.Thread:
        def go() -> None:
            try:
                come()
            except BridgeError as error:
                told.append(error)

        thread = threading.Thread(target=go)
        thread.start()
        return thread

    first = tried(lambda: door.begin("first", "/"))
    assert asked.wait(60)
    others = [tried(lambda: door.begin("second", "/")), tried(lambda: door.finish("nobody", {}))]
    for other in others:
        other.join(5)
    heard = {type(error) for error in told}
    answers.set()
    for thread in (first, *others):
        thread.join()
    assert heard == {Unreachable, Denied}
