"""webservice/rest/server.php: from the parameters of a request to an answer or a refusal."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from lms_bridge.sandbox.moodle import access, rows
from lms_bridge.sandbox.moodle.answers import answer, refusal
from lms_bridge.sandbox.moodle.call import Call, TextWishes, run
from lms_bridge.sandbox.moodle.refusals import MoodleError, bad_parameter, missing
from lms_bridge.sandbox.moodle.registry import FUNCTIONS
from lms_bridge.sandbox.moodle.site import MoodleSite
from lms_bridge.sandbox.moodle.site_info import stock_functions

_PROTOCOL_KEYS = ("wstoken", "wsfunction", "moodlewsrestformat")
_WISH = "moodlewssetting"
_WISHES = frozenset(_WISH + name for name in ("raw", "filter", "fileurl", "lang", "timezone"))


def serve_rest(site: MoodleSite, parameters: Mapping[str, Any], address: str) -> Response:
    """One request; `address` is the caller's."""
    as_json = parameters.get("moodlewsrestformat") == "json"
    lang = "en"
    with site.lock:
        try:
            check_site_is_up(site)
            user, service = authenticate(site, str(parameters.get("wstoken") or ""), address)
            check_account(site, user)
            lang = user.lang
            _check_protocol(site, user, service)
            name = parameters.get("wsfunction")
            if not name:
                raise bad_parameter("Missing function name.")
            function = _allowed_function(user, service, str(name))
            wishes = _wishes(site, parameters)
            lang = wishes.lang or lang
            site.calls[function] += 1
            arguments = {
                key: value for key, value in parameters.items() if key not in _PROTOCOL_KEYS and key not in _WISHES
            }
            return answer(run(Call(site, user, service, wishes, FUNCTIONS), function, arguments), as_json)
        except MoodleError as error:
            return refusal(site, error, as_json, lang)


def check_site_is_up(site: MoodleSite) -> None:
    if site.settings.database_down:
        raise MoodleError("dbconnectionfailed")
    if int(site.settings.config.get("upgraderunning") or 0) > site.now:
        raise MoodleError("upgraderunning")


def authenticate(site: MoodleSite, token: str, address: str) -> tuple[rows.User, rows.Service]:
    """webservice_server::authenticate_by_token."""
    known = site.tokens.get(token) if token else None
    if known is None:
        raise MoodleError("invalidtoken")
    if known.validuntil and known.validuntil < site.now:
        # Moodle 4.5: the first call with an expired token deletes it, so the second is told something else.
        del site.tokens[token]
        raise MoodleError("accessexception", debug="Invalid token - token expired")
    if known.iprestriction and not _is_within(address, known.iprestriction):
        raise MoodleError("accessexception", debug="Invalid token - IP address is not supported")
    return site.users[known.user], site.services[known.service]


def check_account(site: MoodleSite, user: rows.User) -> None:
    maintenance = int(site.settings.config["maintenance_enabled"])
    if maintenance and not access.has_capability(site, user, "moodle/site:maintenanceaccess"):
        raise MoodleError("sitemaintenance")
    if user.suspended:
        raise MoodleError("wsaccessusersuspended", user.username)
    if user.auth == "nologin":
        raise MoodleError("wsaccessusernologin", user.username)


def _allowed_function(user: rows.User, service: rows.Service, name: str) -> str:
    """webservice_base_server::load_function_info: one errorcode for many reasons."""
    if name not in FUNCTIONS and name not in stock_functions():
        raise missing("external_functions")
    authorised = not service.restrictedusers or user.id in service.users
    if not (service.enabled and authorised and service.allows(name)):
        raise _access_refused(name)
    return name


def _check_protocol(site: MoodleSite, user: rows.User, service: rows.Service) -> None:
    if not access.has_capability(site, user, "webservice/rest:use"):
        raise MoodleError("accessexception", debug="You are not allowed to use the REST protocol")


def _access_refused(name: str) -> MoodleError:
    return MoodleError(
        "accessexception",
        debug=f"Access to the function {name}() is not allowed.\n"
        "                     There could be multiple reasons for this:\n"
        "                     1. The service linked to the user token does not contain the function.\n"
        "                     2. The service is user-restricted and the user is not listed.\n"
        "                     3. The service is IP-restricted and the user IP is not listed.\n"
        "                     4. The service is time-restricted and the time has expired.\n"
        "                     5. The token is time-restricted and the time has expired.\n"
        "                     6. The service requires a specific capability which the user does not have.\n"
        "                     7. The function is called with username/password (no user token is sent)"
        " and none of the services has the function to allow the user.\n"
        "                     These settings can be found in Administration > Site administration"
        " > Server > Web services > External services and Manage tokens.",
    )


def _wishes(site: MoodleSite, parameters: Mapping[str, Any]) -> TextWishes:
    def flag(name: str, default: bool) -> bool:
        value = str(parameters.get(_WISH + name, int(default)))
        return value not in {"", "0", "false"}

    lang = str(parameters.get(_WISH + "lang", ""))
    return TextWishes(
        raw=flag("raw", False),
        filter=flag("filter", False),
        fileurl=flag("fileurl", True),
        lang=lang if lang == "en" or lang in site.settings.language_packs else "",
    )


def _is_within(address: str, networks: str) -> bool:
    try:
        return any(
            ipaddress.ip_address(address) in ipaddress.ip_network(network.strip(), strict=False)
            for network in networks.split(",")
        )
    except ValueError:
        return False
