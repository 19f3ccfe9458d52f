"""Pages and edits at random: few different words, so that the same word, item or paragraph often stands twice."""

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

_WORDS = ("red", "green", "blue", "one", "two", "the", "the", "of", "and", "old", "new", "day", "night", "7", "12", "§")
_SHAPES = ("p", "p", "p", "h2", "ul", "ol", "table", "blockquote", "dl", "pre")


@dataclass
class Part:
    """An element with its parts, or its words."""

    tag: str
    parts: list["Part"]
    words: list[str]

    def html(self) -> str:
        inner = ("\n" if self.tag == "pre" else " ").join(self.words) + html(self.parts)
        return f"<{self.tag}>{inner}</{self.tag}>"

    def copy(self) -> "Part":
        return Part(self.tag, [part.copy() for part in self.parts], list(self.words))


def html(parts: list[Part]) -> str:
    return "".join(part.html() for part in parts)


@st.composite
def three_texts(draw: st.DrawFn) -> tuple[str, str, str]:
    """A page, and what two people made of it."""
    random = draw(st.randoms(use_true_random=False))
    base = [_block(random) for _ in range(random.randint(1, 6))]
    return html(base), html(_edited(random, base)), html(_edited(random, base))


def _block(random: Random, depth: int = 0) -> Part:
    tag = random.choice(_SHAPES) if depth < 2 else "p"
    if tag in ("ul", "ol"):
        return Part(tag, [_item(random, depth) for _ in range(random.randint(1, 4))], [])
    if tag == "table":
        width = random.randint(1, 3)
        return Part(tag, [_row(random, width) for _ in range(random.randint(1, 4))], [])
    if tag == "blockquote":
        return Part(tag, [_block(random, depth + 1) for _ in range(random.randint(1, 2))], [])
    if tag == "dl":
        kinds = ("dt", "dd") * random.randint(1, 3)
        return Part(tag, [Part(kind, [], _phrase(random)) for kind in kinds], [])
    return Part(tag, [], _phrase(random))


def _item(random: Random, depth: int) -> Part:
    return Part("li", [_block(random, depth + 1)] if random.random() < 0.2 else [], _phrase(random))


def _row(random: Random, width: int) -> Part:
    return Part("tr", [Part("td", [], _phrase(random)) for _ in range(width)], [])


def _phrase(random: Random) -> list[str]:
    return [_word(random) for _ in range(random.randint(1, 7))]


def _word(random: Random) -> str:
    word = random.choice(_WORDS)
    wrapped = ("{}", "{}", "{}", "{}", "<strong>{}</strong>", '<a href="https://e.org/">{}</a>', "<code>{}</code>")
    return random.choice(wrapped).format(word)


def _edited(random: Random, page: list[Part]) -> list[Part]:
    parts = [part.copy() for part in page]
    for _ in range(random.randint(1, 3)):
        _edit(random, parts, like=None)
    return parts


def _edit(random: Random, parts: list[Part], like: Part | None) -> None:
    """One change among these parts, or inside one of them."""
    chance = random.random()
    if chance < 0.2 or not parts:
        parts.insert(random.randint(0, len(parts)), _another(random, like, parts))
    elif chance < 0.3:
        del parts[random.randrange(len(parts))]
    elif chance < 0.4:
        moved = parts.pop(random.randrange(len(parts)))
        parts.insert(random.randint(0, len(parts)), moved)
    else:
        _edit_inside(random, random.choice(parts))


def _edit_inside(random: Random, part: Part) -> None:
    if part.tag == "table" and random.random() < 0.3:
        _edit_columns(random, part)
    elif part.parts and part.tag != "tr" and (not part.words or random.random() < 0.5):
        _edit(random, part.parts, like=part)
    elif part.tag == "tr":
        _edit_inside(random, random.choice(part.parts))
    else:
        _edit_words(random, part.words)


def _another(random: Random, like: Part | None, siblings: list[Part]) -> Part:
    match like.tag if like is not None else "":
        case "ul" | "ol":
            return _item(random, 1)
        case "table":
            return _row(random, len(siblings[0].parts) if siblings else 1)
        case "dl":
            return Part(random.choice(("dt", "dd")), [], _phrase(random))
    return _block(random, 1)


def _edit_columns(random: Random, table: Part) -> None:
    width = len(table.parts[0].parts) if table.parts else 0
    at = random.randint(0, width)
    for row in table.parts:
        if at == width:
            row.parts.append(Part("td", [], _phrase(random)))
        elif width > 1:
            del row.parts[at]


def _edit_words(random: Random, words: list[str]) -> None:
    at = random.randint(0, len(words))
    if at == len(words):
        words.append(_word(random))
        return
    match random.randrange(4):
        case 0:
            words[at] = _word(random)
        case 1:
            words.insert(at, _word(random))
        case 2 if len(words) > 1:
            del words[at]
        case _:
            words[at] = f"<em>{words[at]}</em>"
