"""Signing in and out."""

import math

from starlette.responses import RedirectResponse, Response

from lms_bridge.console.access.local import local_path
from lms_bridge.console.access.roles import Person, Role
from lms_bridge.console.pages import Page, Visit, session_cookie, set_cookie
from lms_bridge.errors import BridgeError, NotFound


def form(visit: Visit) -> Response:
    wanted = local_path(visit.asked("next", 2_000))
    if visit.person is not None:
        return visit.go(wanted)
    return _form(visit, wanted)


def sign_in(visit: Visit) -> Response:
    passwords = visit.desk.access.passwords
    if passwords is None:
        raise NotFound("nobody signs in by password here.", next_step="Sign in with Entra ID.")
    wanted, name = local_path(visit.given("next")), visit.given("name").strip()[:100]
    address = visit.request.client.host if visit.request.client is not None else ""
    here, person, anywhere = [f"at {address}"], [f"{name.casefold()} at {address}"], [name.casefold()]
    # Who guesses from many addresses goes on as slowly as from one; whose name it is does not wait for them where they
    # signed in before.
    by_name = 0.0 if person[0] in visit.desk.familiar else visit.desk.by_name.wait(anywhere)
    wait = max(visit.desk.by_address.wait(here), visit.desk.by_person.wait(person), by_name)
    if wait > 0:
        visit.desk.entrances.kept_waiting(name, wait)
        response = _form(visit, wanted, status=429, name=name, wait=math.ceil(wait / 60))
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response
    # Counted before it is looked at: many tries at once are many tries.
    visit.desk.by_person.failed(person)
    visit.desk.by_address.failed(here)
    visit.desk.by_name.failed(anywhere)
    role = passwords.verify(name, visit.given("password"))
    if role is None:
        visit.desk.audit(name, "sign-in refused", "console", address=address)
        visit.desk.entrances.refused(name)
        return _form(visit, wanted, status=401, name=name, wrong=True)
    visit.desk.by_person.succeeded(person)
    visit.desk.by_address.excused(here)
    visit.desk.by_name.excused(anywhere)
    visit.desk.familiar.add(person[0])
    return _begin(visit, Person(name, role), wanted)


def sign_out(visit: Visit) -> Response:
    visit.desk.sessions.end(visit.request.cookies.get(session_cookie(visit.request), ""))
    visit.desk.audit(visit.name, "signed out", "console")
    visit.desk.entrances.went(visit.name)
    response = visit.go("/sign-in")
    response.delete_cookie(session_cookie(visit.request), path="/", secure=visit.request.url.scheme == "https")
    return response


def to_entra(visit: Visit) -> Response:
    entra = visit.desk.access.entra
    if entra is None:
        raise NotFound("nobody signs in with Entra ID here.", next_step="Sign in by password.")
    return RedirectResponse(entra.begin(visit.visitor, local_path(visit.asked("next", 2_000))), status_code=303)


def from_entra(visit: Visit) -> Response:
    entra = visit.desk.access.entra
    if entra is None:
        raise NotFound("nobody signs in with Entra ID here.", next_step="Sign in by password.")
    try:
        person, wanted = entra.finish(visit.visitor, dict(visit.request.query_params))
    except BridgeError as error:
        visit.desk.audit("", "sign-in refused", "console", cause=error.problem.cause)
        visit.desk.entrances.refused()
        raise
    return _begin(visit, person, wanted)


def _begin(visit: Visit, person: Person, wanted: str) -> Response:
    visit.desk.sessions.end(visit.request.cookies.get(session_cookie(visit.request), ""))
    id_ = visit.desk.sessions.begin(person)
    visit.desk.audit(person.name, "signed in", "console", role=person.role.word)
    visit.desk.entrances.came(person)
    response = visit.go(wanted)
    set_cookie(response, visit.request, session_cookie(visit.request), id_)
    return response


def _form(
    visit: Visit, wanted: str, *, status: int = 200, name: str = "", wrong: bool = False, wait: int = 0
) -> Response:
    access = visit.desk.access
    return visit.show(
        "sign_in.html",
        status,
        next=wanted,
        name=name,
        wrong=wrong,
        wait=wait,
        by_password=access.passwords is not None,
        nobody=access.entra is None and access.passwords is not None and not access.passwords.names(),
        by_entra=access.entra is not None,
    )


PAGES = (
    Page("/sign-in", form, role=None),
    Page("/sign-in", sign_in, role=None, method="POST"),
    Page("/sign-in/entra", to_entra, role=None),
    Page("/sign-in/entra/back", from_entra, role=None),
    Page("/sign-out", sign_out, role=Role.VIEWER, method="POST"),
)
