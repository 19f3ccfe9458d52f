"""Resource units: how much one app may do in a minute, and what it hears when it did more.

Costs and headers as in Microsoft's throttling article
(learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online):
refused calls count too, and coming back before Retry-After makes the wait longer.
"""

import threading
from dataclasses import dataclass

from lms_bridge.sandbox.sharepoint.clock import Clock
from lms_bridge.sandbox.sharepoint.errors import Refusal

WINDOW = 60
_WARN_FROM = 0.8
_PENALTY = 10
_BLOCK_AFTER = 5  # early returns in a row until 503


@dataclass
class _Bucket:
    window_ends: float = 0.0
    used: int = 0
    closed_until: float = 0.0
    early: int = 0


class Throttle:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def charge(self, app_id: str, units: int, limit: int | None) -> dict[str, str]:
        """Take `units` from the app's minute; returns the RateLimit headers to send, or refuses."""
        if limit is None:
            return {}
        with self._lock:
            now = self._clock.timestamp()
            bucket = self._buckets.setdefault(app_id, _Bucket())
            if now >= bucket.window_ends and now >= bucket.closed_until:
                bucket.window_ends, bucket.used, bucket.early = now + WINDOW, 0, 0
            if now < bucket.closed_until:
                bucket.early += 1
                bucket.closed_until += _PENALTY
                raise _refusal(bucket, now, limit)
            bucket.used += units
            if bucket.used > limit:
                bucket.closed_until = bucket.window_ends
                raise _refusal(bucket, now, limit)
            if bucket.used < _WARN_FROM * limit:
                return {}
            return _headers(limit, limit - bucket.used, bucket.window_ends - now)

    def used(self) -> dict[str, int]:
        with self._lock:
            return {app_id: bucket.used for app_id, bucket in self._buckets.items()}


def _headers(limit: int, remaining: int, seconds: float) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": str(max(0, remaining)),
        "RateLimit-Reset": str(max(1, round(seconds))),
    }


def _refusal(bucket: _Bucket, now: float, limit: int) -> Refusal:
    wait = max(1, round(bucket.closed_until - now))
    headers = {**_headers(limit, 0, wait), "Retry-After": str(wait)}
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
