"""What goes back over the wire: JSON or XML, errors in either, error texts in the reader's language."""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from starlette.responses import Response

from lms_bridge.sandbox.moodle.refusals import MoodleError
from lms_bridge.sandbox.moodle.site import MoodleSite

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def to_json(value: object) -> str:
    """As PHP's json_encode does it: slashes and everything beyond ASCII escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def answer(value: object, as_json: bool) -> Response:
    if as_json:
        return Response(to_json(value), media_type="application/json")
    body = '<?xml version="1.0" encoding="UTF-8" ?>\n<RESPONSE>\n' + _xml(value) + "</RESPONSE>\n"
    return Response(body, media_type="application/xml; charset=utf-8")


def refusal(site: MoodleSite, error: MoodleError, as_json: bool, lang: str = "en") -> Response:
    """Moodle 4.5: HTTP 200, whatever happened."""
    fields = {"exception": _class_name(site, error)}
    if error.errorcode is not None:
        fields["errorcode"] = error.errorcode
    fields["message"] = localised(site, error, lang)
    if error.debug and int(site.settings.config["debug"]):
        fields["debuginfo"] = error.debug
    if as_json:
        return Response(to_json(fields), media_type="application/json")
    lines = ['<?xml version="1.0" encoding="UTF-8" ?>', f'<EXCEPTION class="{escape(fields["exception"])}">']
    lines += [
        f"<{name.upper()}>{escape(fields[name])}</{name.upper()}>"
        for name in ("errorcode", "message", "debuginfo")
        if name in fields
    ]
    return Response("\n".join([*lines, "</EXCEPTION>\n"]), media_type="application/xml; charset=utf-8")


def _class_name(site: MoodleSite, error: MoodleError) -> str:
    """Moodle 4.5 moved its exceptions into a namespace: nobody should go by their names."""
    moved = site.settings.branch >= (4, 5)
    return error.exception if moved else error.exception.removeprefix("core\\exception\\")


def refusal_elsewhere(site: MoodleSite, error: MoodleError) -> Response:
    """The other shape, of login/token.php and upload.php."""
    fields = {
        "error": error.message,
        "errorcode": error.errorcode,
        "stacktrace": None,
        "debuginfo": None,
        "reproductionlink": None,
    }
    return Response(to_json(fields), media_type="application/json")


def inner_refusal(site: MoodleSite, error: MoodleError, lang: str) -> dict[str, Any]:
    """get_exception_info, as a batch and the AJAX door report it."""
    if error.errorcode is None:
        message, code, module = f"Exception - {error.message}", "generalexceptionmessage", "moodle"
    else:
        message, code = localised(site, error, lang), error.errorcode
        module = "moodle" if error.module == "error" else error.module
    major, minor = site.settings.branch
    docs = f"https://docs.moodle.org/{major}{minor:02}/{lang if lang in site.settings.language_packs else 'en'}"
    return {
        "message": message,
        "errorcode": code,
        "link": f"{site.settings.wwwroot}/",
        "moreinfourl": f"{docs}/error/{module}/{code}",
    }


def localised(site: MoodleSite, error: MoodleError, lang: str) -> str:
    pack: Mapping[str, Mapping[str, str]] = site.settings.language_packs.get(lang, {})
    code = error.errorcode or ""
    for strings in (pack.get(error.module, {}), pack.get("error", {})):
        if code in strings:
            return strings[code].replace("{$a}", error.a)
    return error.message


def _xml(value: object) -> str:
    match value:
        case dict():
            keys = "".join(f'<KEY name="{escape(str(name))}">{_xml(part)}</KEY>\n' for name, part in value.items())
            return f"<SINGLE>\n{keys}</SINGLE>\n"
        case list():
            return "<MULTIPLE>\n" + "".join(_xml(part) for part in value) + "</MULTIPLE>\n"
        case None:
            return '<VALUE null="null"/>\n'
        case bool():
            return f"<VALUE>{int(value)}</VALUE>\n"
        case _:
            return f"<VALUE>{_NOT_IN_XML.sub('', escape(str(value)))}</VALUE>\n"
