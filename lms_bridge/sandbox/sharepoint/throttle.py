"""Resource units: how much one app may do in a minute, and what it hears when it did more.

Costs and headers as in Microsoft's throttling article
(learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online):
refused calls count too, and coming back before Retry-After makes the wait longer. RateLimit headers tell of the minute
alone; who spent the day's units hears a bare Retry-After.
"""

import threading
from dataclasses import dataclass

from lms_bridge.sandbox.sharepoint.clock import Clock
from lms_bridge.sandbox.sharepoint.errors import Refusal

WINDOW = 60
DAY = 86_400
_WARN_FROM = 0.8
_PENALTY = 10
_BLOCK_AFTER = 5  # early returns in a row until 503


@dataclass
class _Bucket:
    window_ends: float = 0.0
    used: int = 0
    closed_until: float = 0.0
    early: int = 0
    day_ends: float = 0.0
    used_today: int = 0
    all_units: int = 0
    refused: int = 0


class Throttle:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def charge(self, app_id: str, units: int, limit: int | None, limit_a_day: int | None = None) -> dict[str, str]:
        """Take `units` from the app's minute and day; returns the RateLimit headers to send, or refuses."""
        with self._lock:
            now = self._clock.timestamp()
            bucket = self._buckets.setdefault(app_id, _Bucket())
            bucket.all_units += units
            if limit is None:
                return {}
            _turn(bucket, now)
            if now < bucket.closed_until:
                bucket.early += 1
                bucket.closed_until += _PENALTY
                raise _refusal(bucket, now, limit)
            bucket.used += units
            bucket.used_today += units
            if bucket.used > limit:
                bucket.closed_until = bucket.window_ends
                raise _refusal(bucket, now, limit)
            if limit_a_day is not None and bucket.used_today > limit_a_day:
                bucket.closed_until = bucket.day_ends
                raise _refusal(bucket, now, None)
            if bucket.used < _WARN_FROM * limit:
                return {}
            return _headers(limit, limit - bucket.used, bucket.window_ends - now)

    def used(self) -> dict[str, int]:
        with self._lock:
            return {app_id: bucket.used for app_id, bucket in self._buckets.items()}

    def history(self) -> dict[str, dict[str, int]]:
        """What each app ever asked for in units, and how many calls were sent away."""
        with self._lock:
            return {app: {"units": one.all_units, "refused": one.refused} for app, one in self._buckets.items()}


def _turn(bucket: _Bucket, now: float) -> None:
    if now >= bucket.window_ends and now >= bucket.closed_until:
        bucket.window_ends, bucket.used, bucket.early = now + WINDOW, 0, 0
    if now >= bucket.day_ends:
        bucket.day_ends, bucket.used_today = now + DAY, 0


def _headers(limit: int, remaining: int, seconds: float) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": str(max(0, remaining)),
        "RateLimit-Reset": str(max(1, round(seconds))),
    }


def _refusal(bucket: _Bucket, now: float, limit: int | None) -> Refusal:
    bucket.refused += 1
    wait = max(1, round(bucket.closed_until - now))
    headers = {**(_headers(limit, 0, wait) if limit is not None else {}), "Retry-After": str(wait)}
    if bucket.early >= _BLOCK_AFTER:
        return Refusal(503, "serviceNotAvailable", "The service is not available.", headers=headers)
    return Refusal(
        429,
        "activityLimitReached",
        "The app or user has been throttled.",
        "throttledRequest",
        "-2147429894",
        "Microsoft.SharePoint.Client.ServerException",
        headers=headers,
    )
