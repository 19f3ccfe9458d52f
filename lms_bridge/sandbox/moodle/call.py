"""One call of one function: who asks, through which service, with which wishes about texts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.params import Spec, check_arguments
from lms_bridge.sandbox.moodle.refusals import MoodleError
from lms_bridge.sandbox.moodle.site import MoodleSite


@dataclass(frozen=True)
class TextWishes:
    """moodlewssettingraw, …filter, …fileurl, …lang."""

    raw: bool = False
    filter: bool = False
    fileurl: bool = True
    lang: str = ""


@dataclass(frozen=True)
class Call:
    site: MoodleSite
    user: rows.User
    service: rows.Service
    wishes: TextWishes = field(default_factory=TextWishes)
    emulated: Mapping[str, "Function"] = field(default_factory=dict)  # for a batch, and for the site's list of them

    @property
    def now(self) -> int:
        return self.site.now


@dataclass(frozen=True)
class Function:
    """A web-service function: its parameters and what it does. Arguments arrive checked."""

    name: str
    params: Mapping[str, Spec]
    run: Callable[[Call, dict[str, Any]], Any]
    writes: bool = False
    version: str = "2024100700"


def run(call: Call, name: str, arguments: Mapping[str, Any]) -> Any:
    function = call.emulated.get(name)
    if function is None:
        raise MoodleError("sandboxnotemulated", message=f"The sandbox does not emulate {name}")
    return function.run(call, check_arguments(function.params, arguments))


def warning(item: str, itemid: int, code: str, message: str) -> dict[str, Any]:
    return {"item": item, "itemid": itemid, "warningcode": code, "message": message}
