"""The three roles of the console, each with all that the one before it may."""

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """Compared by rank: whoever may approve may look as well."""

    VIEWER = 1
    APPROVER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        return self.name.lower()


def role_of(word: str) -> Role | None:
    return {role.word: role for role in Role}.get(word.strip().casefold())


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in. `local`: by the password file, which is asked at each page whether the role still stands."""

    name: str
    role: Role
    local: bool = True
