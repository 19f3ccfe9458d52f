"""What the site says of itself: core_webservice_get_site_info and the public configuration."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from lms_bridge.sandbox.moodle.call import Call, Function
from lms_bridge.sandbox.moodle.params import ListOf, Value
from lms_bridge.sandbox.moodle.site import MoodleSite

CORE_VERSION = "2024100706"
_FEATURES = {
    "usecomments": 1,
    "usetags": 1,
    "enablenotes": 1,
    "messaging": 1,
    "enableblogs": 1,
    "enablecompletion": 1,
    "enablebadges": 1,
    "messagingallusers": 0,
    "enablecustomreports": 1,
    "enableglobalsearch": 0,
    "mnet_dispatcher_mode": 0,
    "enablecompetencies": 1,
}


@cache
def stock_functions() -> dict[str, str]:
    """Every function of a stock 4.5 with its version: a service may hold them although few are emulated."""
    text = files(__package__).joinpath("stock_functions.json").read_text("utf-8")
    return {name: version for version, names in json.loads(text).items() for name in names}


def _get_site_info(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    site, user = call.site, call.user
    known = {**stock_functions(), **{name: function.version for name, function in call.emulated.items()}}
    is_admin = user.id in site.admins
    names = sorted(name for name in known if call.service.allows(name))
    root = site.settings.wwwroot
    newer = {"usercanviewconfig": is_admin, "usercanchangeconfig": is_admin}
    return {
        **(newer if site.settings.branch >= (5, 2) else {}),
        "sitename": site.settings.sitename,
        "username": user.username,
        "firstname": user.firstname,
        "lastname": user.lastname,
        "fullname": user.fullname,
        "lang": user.lang,
        "userid": user.id,
        "siteurl": root,
        "userpictureurl": f"{root}/theme/image.php/boost/core/{site.settings.revision}/u/f1",
        "functions": [{"name": name, "version": known[name]} for name in names],
        "downloadfiles": int(call.service.downloadfiles),
        "uploadfiles": int(call.service.uploadfiles),
        "release": site.settings.release,
        "version": site.settings.version,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": name, "value": value} for name, value in _FEATURES.items()],
        "usercanmanageownfiles": True,
        "userquota": 0 if is_admin else 104857600,
        "usermaxuploadfilesize": -1 if is_admin else site.settings.post_max_size,
        "userhomepage": 1,
        "userprivateaccesskey": f"private-key-of-{user.username}",
        "siteid": 1,
        "sitecalendartype": "gregorian",
        "usercalendartype": "gregorian",
        "userissiteadmin": is_admin,
        "theme": "boost",
        "limitconcurrentlogins": 0,
        "policyagreed": int(user.policyagreed),
    }


def _get_public_config(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    return public_config(call.site)


def public_config(site: MoodleSite) -> dict[str, Any]:
    root, config = site.settings.wwwroot, site.settings.config
    return {
        "wwwroot": root,
        "httpswwwroot": root,
        "sitename": site.settings.sitename,
        "guestlogin": 1,
        "rememberusername": 2,
        "authloginviaemail": 0,
        "registerauth": "",
        "forgottenpasswordurl": "",
        "authinstructions": "",
        "authnoneenabled": 0,
        "enablewebservices": int(config["enablewebservices"]),
        "enablemobilewebservice": 0,
        "maintenanceenabled": int(config["maintenance_enabled"]),
        "maintenancemessage": config["maintenance_message"],
        "typeoflogin": 1,
        "launchurl": f"{root}/admin/tool/mobile/launch.php",
        "mobilecssurl": "",
        "tool_mobile_disabledfeatures": "",
        "country": "0",
        "agedigitalconsentverification": False,
        "supportpage": "",
        "supportavailability": 1,
        "autolang": 1,
        "lang": "en",
        "langmenu": 1,
        "langlist": "",
        "locale": "",
        "tool_mobile_minimumversion": "",
        "tool_mobile_iosappid": "633359593",
        "tool_mobile_androidappid": "com.moodle.moodlemobile",
        "tool_mobile_setuplink": "https://download.moodle.org/mobile",
        "tool_mobile_qrcodetype": 1,
        "warnings": [],
        "showloginform": 1,
    }


FUNCTIONS = (
    Function(
        "core_webservice_get_site_info",
        {"serviceshortnames": ListOf(Value("alphanumext"), [])},
        _get_site_info,
        version=CORE_VERSION,
    ),
    Function("tool_mobile_get_public_config", {}, _get_public_config),
)
