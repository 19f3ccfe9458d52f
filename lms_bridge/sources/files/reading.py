"""What all readers of the folder share: bounded reads inside the folder, and problems noted instead of raised."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Withheld


@dataclass(slots=True)
class Reading:
    """One walk through a content folder: what was found wrong on the way, and what was left out.

    `warnings` are what a designer should look at in items that go through all the same.
    """

    root: Path
    shown_root: str
    problems: list[Problem] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    complete: bool = True

    def shown(self, path: Path, line: int | None = None) -> str:
        """A path as the designer knows it."""
        name = str(PurePosixPath(self.shown_root, *path.relative_to(self.root).parts))
        return name if line is None else f"{name}:{line}"

    def leave_out(self, problem: Problem) -> None:
        """An item is left out: the listing is no longer complete, so nothing is pruned because of it."""
        self.problems.append(problem)
        self.complete = False

    def is_inside(self, path: Path) -> bool:
        """Whether a path, symbolic links followed, stays in the folder."""
        return path.resolve().is_relative_to(self.root)


def read_text(reading: Reading, path: Path, *, limit: int) -> str:
    """The file's text with \\n line ends. Raises ContentError."""
    shown = reading.shown(path)
    if not reading.is_inside(path):
        raise ContentError(
            "is a symbolic link that leads out of the content folder.", where=shown, next_step="Copy the file here."
        )
    size = path.stat().st_size
    if size > limit:
        raise ContentError(
            f"has {size / 1e6:.1f} MB; the limit is {limit / 1e6:.1f} MB.",
            where=shown,
            next_step="Split it, or raise the limit in connectors.yaml (`max_page_bytes`).",
        )
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError(
            f"is not UTF-8 (byte {error.start}).", where=shown, next_step="Save it with the encoding UTF-8."
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), 1):
        found = next((c for c in line if c < " " and c != "\t"), None)
        if found is not None:
            raise ContentError(
                f"holds the control character U+{ord(found):04X}.", where=f"{shown}:{number}", next_step="Remove it."
            )
    return text
