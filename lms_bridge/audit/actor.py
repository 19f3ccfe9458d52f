"""Who acts when nobody says so: the account of the operating system that the process runs under."""

import os

from lms_bridge.audit.line import Actor, Role


def account() -> Actor:
    """By its number, as the operating system knows it: LOGNAME and USER are whatever somebody set them to."""
    try:
        import pwd
    except ImportError:  # Windows
        import getpass

        return Actor(Role.ACCOUNT, getpass.getuser())
    number = os.getuid()
    try:
        return Actor(Role.ACCOUNT, pwd.getpwuid(number).pw_name)
    except KeyError:  # a container's number that no passwd file knows
        return Actor(Role.ACCOUNT, f"uid {number}")
