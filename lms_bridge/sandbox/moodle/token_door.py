"""The doors that need no token: login/token.php and the AJAX entry for people who are not logged in."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lms_bridge.sandbox.moodle import access, rows
from lms_bridge.sandbox.moodle.answers import inner_refusal, refusal_elsewhere, to_json
from lms_bridge.sandbox.moodle.refusals import MoodleError
from lms_bridge.sandbox.moodle.site import MoodleSite
from lms_bridge.sandbox.moodle.site_info import public_config


def login(site: MoodleSite, parameters: dict[str, Any], request: Request) -> Response:
    with site.lock:
        try:
            token = _token_for(site, parameters)
        except MoodleError as error:
            return refusal_elsewhere(site, error)
    return Response(to_json({"token": token.token, "privatetoken": None}), media_type="application/json")


def _token_for(site: MoodleSite, parameters: dict[str, Any]) -> rows.Token:
    if not int(site.settings.config["enablewebservices"]):
        raise MoodleError("enablewsdescription")
    username, password, shortname = (_parameter(parameters, name) for name in ("username", "password", "service"))
    user = next((user for user in site.users.values() if user.username == username), None)
    if user is None or user.password != password or user.suspended or user.auth == "nologin":
        raise MoodleError("invalidlogin")
    service = site.services.get(shortname)
    if service is None or not service.enabled:
        raise MoodleError("servicenotavailable")
    for token in site.tokens.values():
        if token.user == user.id and token.service == shortname:
            return token
    if not access.has_capability(site, user, "moodle/webservice:createtoken"):
        raise MoodleError("cannotcreatetoken", shortname)
    token = rows.Token(f"token-{site.next_id('tokens')}-{user.username}", user.id, shortname)
    site.tokens[token.token] = token
    return token


def _parameter(parameters: dict[str, Any], name: str) -> str:
    if name not in parameters:
        raise MoodleError("missingparam", name)
    return str(parameters[name])


def ajax_without_login(site: MoodleSite, body: bytes) -> Response:
    try:
        requests = json.loads(body)
    except ValueError:
        requests = []
    answers: list[dict[str, Any]] = []
    with site.lock:
        for request in requests if isinstance(requests, list) else []:
            if request.get("methodname") == "tool_mobile_get_public_config":
                answers.append({"error": False, "data": public_config(site)})
                continue
            refused = inner_refusal(site, MoodleError("servicenotavailable"), "en")
            answers.append({"error": True, "exception": refused})
            break
    return Response(to_json(answers), media_type="application/json")
