"""HTTP for every connector: one session, time-outs, bounds, the one retry policy, and what a failure means.

Apart because the hard question is the same everywhere: did the server do it or not? Clients only classify answers.
"""

from lms_bridge.transport.gate import Gate, too_long
from lms_bridge.transport.messages import (
    Answer,
    Budget,
    Classifier,
    Fail,
    Limits,
    NoBudget,
    Request,
    Retry,
    host_of,
    read_json,
    retry_after,
    without_address,
)
from lms_bridge.transport.pace import Pace, Politeness
from lms_bridge.transport.purse import Purse, purse_of
from lms_bridge.transport.sending import Transport

__all__ = [
    "Answer",
    "Budget",
    "Classifier",
    "Fail",
    "Gate",
    "Limits",
    "NoBudget",
    "Pace",
    "Politeness",
    "Purse",
    "Request",
    "Retry",
    "Transport",
    "host_of",
    "purse_of",
    "read_json",
    "retry_after",
    "too_long",
    "without_address",
]
