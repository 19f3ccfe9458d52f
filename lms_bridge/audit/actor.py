"""Who acts: whom the service runs a command for, else the account of the operating system."""

import os

from lms_bridge.audit.line import Actor, Role

FOR = "LMS_BRIDGE_FOR"
"""The environment's variable in which the service says whom a run is for. Whoever may set it has the state's account
as well, and could write into the trail by themselves: it protects nothing, and names people."""
_NAMED = {role.value: role for role in (Role.PERSON, Role.SCHEDULE)}


def spelled(actor: Actor) -> str:
    """As `FOR` has it."""
    return f"{actor.role.value}:{actor.name}"


def acting() -> Actor:
    role, _, name = os.environ.get(FOR, "").partition(":")
    return Actor(_NAMED[role], name) if role in _NAMED and name else account()


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
