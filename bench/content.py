"""A content folder of any size: the same each time, with texts as long and as linked as a real programme's."""

import random
from dataclasses import dataclass
from pathlib import Path

_VOCABULARY = """
    light water plant growth measure sample cell leaf energy carbon learner question observe compare describe before
    after during each because therefore often rarely surface root stem signal change balance record table field
    safety chemical device procedure report team review answer reason example source note week course wiki
""".split()  # noqa: SIM905 - a list of 60 strings is no better read


@dataclass(frozen=True, slots=True)
class Size:
    courses: int
    pages: int
    """Pages, prompts and reviews are per course; each course has one rating when it has reviews."""
    prompts: int
    reviews: int

    @property
    def items(self) -> int:
        return self.courses * (self.pages + self.prompts + self.reviews + (1 if self.reviews else 0))


def of_items(items: int) -> Size:
    """About so many items of every kind, 100 to a course: 60 pages, 19 prompts, 20 reviews, a rating."""
    return Size(courses=max(1, items // 100), pages=60, prompts=19, reviews=20)


def write(folder: Path, size: Size) -> None:
    for course in range(size.courses):
        _write_course(folder / f"C-{course:05d}", course, size)


def page_text(course: int, number: int, pages: int) -> str:
    """Markdown of 1 to 6 kilobytes: headings, paragraphs, a list, a table, links to neighbours."""
    draw = random.Random(course * 100_003 + number)  # noqa: S311 - the same text each time, no secret
    parts = [f"# Page {number} of course {course}", _prose(draw, 60)]
    for section in range(draw.randint(1, 5)):
        parts += [f"## Section {section + 1}", _prose(draw, draw.randint(40, 160))]
        parts.append("\n".join(f"- {_sentence(draw, 9)}" for _ in range(4)))
        neighbour = draw.randrange(pages)
        parts.append(f"See [[Page {neighbour} of course {course}]] and **{draw.choice(_VOCABULARY)}**.")
    rows = [f"| {draw.choice(_VOCABULARY)} | {draw.randint(1, 99)} | {draw.choice(_VOCABULARY)} |" for _ in range(5)]
    parts.append("\n".join(["| what | how many | where |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _write_course(folder: Path, course: int, size: Size) -> None:
    (folder / "wiki").mkdir(parents=True)
    (folder / "prompts").mkdir()
    (folder / "course.yaml").write_text(f"title: Course {course}\n", encoding="utf-8")
    for number in range(size.pages):
        text = page_text(course, number, size.pages)
        (folder / "wiki" / f"page-{number:04d}.md").write_text(text, encoding="utf-8")
    for number in range(size.prompts):
        draw = random.Random(course * 7_919 + number)  # noqa: S311 - the same
        text = f"---\ntitle: Prompt {number}\n---\n{_prose(draw, 50)}\n"
        (folder / "prompts" / f"prompt-{number:04d}.md").write_text(text, encoding="utf-8")
    if size.reviews:
        draw = random.Random(course)  # noqa: S311 - the same
        rows = [f'learner{n},{draw.randint(1, 5)},"{_sentence(draw, 14)}",2026-03-02' for n in range(size.reviews)]
        (folder / "ratings.csv").write_text("\n".join(["rater,stars,comment,date", *rows, ""]), encoding="utf-8")


def _prose(draw: random.Random, words: int) -> str:
    return " ".join(_sentence(draw, 12) for _ in range(max(1, words // 12)))


def _sentence(draw: random.Random, words: int) -> str:
    return " ".join(draw.choice(_VOCABULARY) for _ in range(words)).capitalize() + "."
