"""A stateful Moodle that answers web services over real HTTP as a stock 4.5 does, faults and silences included.

It imports nothing of lms_bridge outside the sandbox, so that it cannot share the connector's mistakes.
"""

from lms_bridge.sandbox.moodle.app import moodle_app
from lms_bridge.sandbox.moodle.seed import Seed, SeedCourse, demo_site, seed
from lms_bridge.sandbox.moodle.site import MoodleSite

__all__ = ["MoodleSite", "Seed", "SeedCourse", "demo_site", "moodle_app", "seed"]
