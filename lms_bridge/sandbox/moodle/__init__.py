"""A stateful Moodle that answers web services over real HTTP as a stock 4.5 does, faults and silences included.

It imports nothing of lms_bridge outside the sandbox, so that it cannot share the connector's mistakes.
"""

from lms_bridge.sandbox.moodle.app import moodle_app
from lms_bridge.sandbox.moodle.person_hand import Hand
from lms_bridge.sandbox.moodle.seed import Seed, SeedCourse, add_course, demo_site, seed
from lms_bridge.sandbox.moodle.site import MoodleSite

__all__ = ["Hand", "MoodleSite", "Seed", "SeedCourse", "add_course", "demo_site", "moodle_app", "seed"]
