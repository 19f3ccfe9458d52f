"""What an admin does once in Moodle: the exact rights, the steps by hand, and a PHP script that takes them.

Apart from the connector, so that printing the steps needs no connection; `check` reads the same lists.
"""

from lms_bridge.moodle.setup.guide import Reach, script_text, steps
from lms_bridge.moodle.setup.requirements import Need, capabilities, functions

__all__ = ["Need", "Reach", "capabilities", "functions", "script_text", "steps"]
