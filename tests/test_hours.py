"""Quiet hours: when they are, and what is no time of day."""

from datetime import date, datetime, time

import pytest
from pydantic import TypeAdapter, ValidationError

from lms_bridge.hours import Hours
from lms_bridge.windows import within


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        ("08:00-18:00", time(7, 59), False),
        ("08:00-18:00", time(8, 0), True),
        ("08:00-18:00", time(18, 0), False),
        ("22:00-06:00", time(23, 0), True),
        ("22:00-06:00", time(5, 59), True),
        ("22:00-06:00", time(12, 0), False),
    ],
)
def test_hours_that_end_before_they_begin_last_over_midnight(hours: str, at: time, quiet: bool) -> None:
    assert within([hours], datetime.combine(date(2026, 3, 2), at)) is quiet


def test_any_of_several_spans_counts_and_without_any_no_hour_is_quiet() -> None:
    noon = datetime(2026, 3, 2, 12, 0)
    assert within(["08:00-09:00", "11:00-13:00"], noon)
    assert not within([], noon)


@pytest.mark.parametrize("written", ["8-18", "08:00", "24:00-06:00", "08:00-18:60", "08:00 - 18:00"])
def test_what_is_no_span_of_two_times_of_day_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Hours).validate_python(written)
