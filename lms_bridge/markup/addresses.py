"""Where the links and images of a Markdown text lead: what may be sent as it is, and what those who know are asked."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lms_bridge.markup.clean import CANONICAL

Resolve = Callable[[str, int], str | None]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WEB = re.compile(r"(?i)https?:")
_WEB_WITH_SERVER = re.compile(r"(?i)https?://[^/?#\\\s]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a text that a designer should look at; `line` counts from 1 in the whole file."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """The callers' answers about addresses, and what was found wrong on the way."""

    link: Resolve
    image: Resolve
    wiki: Resolve
    problems: list[Problem] = field(default_factory=list)
    raw_lines: dict[str, int] = field(default_factory=dict)

    def _find(self, address: str, line: int, resolve: Resolve, what: str) -> str | None:
        scheme = _SCHEME.match(address)
        if address.startswith("//") or (_WEB.match(address) and not _WEB_WITH_SERVER.match(address)):
            # Browsers mend these each in their own way; `//e.org` is http or https as the page around it is.
            self.problems.append(Problem(line, f"{what} “{address}”: write the whole address, https://…"))
            return None
        if scheme and not (resolve is self.image and scheme[1].lower() == "http"):
            if scheme[1].lower() in CANONICAL.schemes:
                return address
            self.problems.append(Problem(line, f"{what} “{address}”: addresses of this kind are not sent"))
            return None
        if address.startswith("#"):
            self.problems.append(Problem(line, f"{what} “{address}”: links within a page do not work where it is sent"))
            return None
        found = resolve(address, line)
        if found is None:
            self.problems.append(Problem(line, f"{what} “{address}” leads nowhere"))
        return found

    def found_link(self, address: str, line: int) -> str | None:
        return self._find(address, line, self.link, "link")

    def found_image(self, address: str, line: int) -> str | None:
        return self._find(address, line, self.image, "image")

    def titled(self, title: str, line: int) -> str | None:
        """Where [[Title]] leads."""
        address = self.wiki(title, line)
        if address is None:
            self.problems.append(Problem(line, f"link “[[{title}]]”: there is no page with this title"))
        return address
