"""tool_mobile_call_external_functions: several calls in one request, up to the first that fails."""

import json
from dataclasses import replace
from typing import Any

from lms_bridge.sandbox.moodle.answers import inner_refusal, to_json
from lms_bridge.sandbox.moodle.call import Call, Function, TextWishes, run
from lms_bridge.sandbox.moodle.params import Fields, ListOf, Value
from lms_bridge.sandbox.moodle.refusals import MoodleError, bad_parameter
from lms_bridge.sandbox.moodle.site_info import stock_functions


def _call_external_functions(call: Call, args: dict[str, Any]) -> dict[str, Any]:
    if not args["requests"]:
        raise bad_parameter("Missing required key in single structure: requests")
    for request in args["requests"]:
        lang = request.get("settinglang")
        if lang and lang != "en" and lang not in call.site.settings.language_packs:
            # Moodle 4.5: PARAM_LANG empties it, and what is not its cleaned self refuses the whole batch.
            raise bad_parameter("Invalid external api parameter: the value is not a language")
    responses = []
    for request in args["requests"]:
        responses.append(_answer_one(call, request))
        if responses[-1]["error"]:
            break
    return {"responses": responses}


def _answer_one(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    name = request["function"]
    wishes = _inner_wishes(request)
    lang = wishes.lang or call.wishes.lang or call.user.lang
    if name not in stock_functions() or not call.service.allows(name):
        refused = {"errorcode": "accessexception", "module": "webservice"}
        return {"error": True, "exception": to_json(refused)}
    call.site.calls[name] += 1
    inner = replace(call, wishes=wishes)
    try:
        return {"error": False, "data": to_json(run(inner, name, _arguments(request["arguments"])))}
    except MoodleError as error:
        return {"error": True, "exception": to_json(inner_refusal(call.site, error, lang))}


def _arguments(text: str) -> dict[str, Any]:
    """Moodle 4.5: `(array) json_decode(…)`, so what is no JSON counts as no arguments."""
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if isinstance(decoded, dict):
        return decoded
    if isinstance(decoded, list):
        return {str(index): value for index, value in enumerate(decoded)}
    return {} if decoded is None else {"0": decoded}


def _inner_wishes(request: dict[str, Any]) -> TextWishes:
    return TextWishes(
        raw=bool(request.get("settingraw", False)),
        filter=bool(request.get("settingfilter", False)),
        fileurl=bool(request.get("settingfileurl", True)),
        lang=request.get("settinglang") or "",
    )


_REQUEST = Fields(
    {
        "function": Value("alphanumext"),
        "arguments": Value("raw", "{}"),
        "settingraw": Value("bool", False),
        "settingfilter": Value("bool", False),
        "settingfileurl": Value("bool", True),
        "settinglang": Value("raw", ""),
    }
)

FUNCTIONS = (
    Function(
        "tool_mobile_call_external_functions",
        {"requests": ListOf(_REQUEST)},
        _call_external_functions,
    ),
)
