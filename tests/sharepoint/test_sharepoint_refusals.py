"""What Graph's refusals mean to people: told by status and code, never by their words."""

from typing import Any

import pytest

from lms_bridge.sharepoint.batch import Answer, Call
from lms_bridge.sharepoint.refusals import refusal

READ = Call(name="r", method="GET", url="/sites/s/pages/1?$expand=canvasLayout")
WRITE = Call(name="w", method="POST", url="/sites/s/lists/l/items")


def error(code: str, *inner: str, message: str = "x") -> dict[str, Any]:
    body: dict[str, Any] = {}
    for one in reversed((code, *inner)):
        body = {"code": one, "message": message, **({"innerError": body} if body else {})}
    return {"error": body}


@pytest.mark.parametrize(
    ("call", "status", "body", "expected"),
    [
        # Shapes as Microsoft's documentation and public issues show them.
        (WRITE, 400, error("invalidRequest", message="One or more fields with unique constraints already"), "Invalid"),
        (READ, 400, error("invalidRequest", "apiNotFound", message="API not found"), "DestinationError"),
        (WRITE, 412, error("resourceModified"), "Changed"),
        (WRITE, 412, error("notAllowed", message="ETag does not match current item's value"), "Changed"),
        (WRITE, 409, error("nameAlreadyExists"), "NameTaken"),
        (WRITE, 409, error("notAllowed", message="Das Dokument ist ausgecheckt"), "Locked"),
        (WRITE, 423, error("notAllowed"), "Locked"),
        (WRITE, 423, None, "Locked"),
        (WRITE, 400, error("invalidRequest", "lockMismatch"), "Locked"),
        (WRITE, 409, error("invalidRequest", "resourceModified", "entityTagDoesNotMatch"), "Changed"),
        (READ, 401, error("InvalidAuthenticationToken"), "Denied"),
        (READ, 403, error("accessDenied"), "Denied"),
        (READ, 404, error("itemNotFound"), "NotFound"),
        (READ, 410, error("resyncRequired"), "NotFound"),
        (WRITE, 413, None, "Invalid"),
        (WRITE, 507, error("quotaLimitReached"), "DestinationError"),
        (READ, 429, error("activityLimitReached", "throttledRequest"), "Unreachable"),
        (READ, 500, error("generalException"), "Unreachable"),
        (WRITE, 500, error("generalException"), "Ambiguous"),
        (WRITE, 504, "<html>gateway</html>", "Ambiguous"),
        (WRITE, 418, None, "DestinationError"),
    ],
)
def test_each_refusal_has_its_meaning(call: Call, status: int, body: Any, expected: str) -> None:
    found = refusal(call, Answer(status, {}, body))
    assert type(found).__name__ == expected
    assert found.problem.cause
    assert found.problem.next_step


def test_a_service_that_sends_a_write_away_with_retry_after_did_not_do_it() -> None:
    assert type(refusal(WRITE, Answer(503, {"retry-after": "5"}, None))).__name__ == "Unreachable"
    assert type(refusal(WRITE, Answer(503, {}, None))).__name__ == "Ambiguous"


def test_no_words_of_the_service_and_no_query_reach_people() -> None:
    told = str(refusal(READ, Answer(403, {}, error("accessDenied", message="<b>secret</b>"))))
    assert "secret" not in told
    assert "$expand" not in told


def test_a_403_says_how_to_grant() -> None:
    assert "Sites.Selected" in refusal(READ, Answer(403, {}, error("accessDenied"))).problem.next_step


def test_errors_nested_without_end_are_read_to_a_depth_only() -> None:
    loop: dict[str, Any] = {"code": "x"}
    loop["innerError"] = loop
    assert refusal(READ, Answer(400, {}, {"error": loop})).problem.cause
