"""A text's conversion, as it was remembered where whatever it asked for is answered as it was then."""

from collections.abc import Callable, Mapping
from typing import Any

from lms_bridge.markup.addresses import Problem, Resolve
from lms_bridge.markup.clean import CANONICAL
from lms_bridge.markup.fragment import Cleaned
from lms_bridge.markup.markdown import Conversion, to_html
from lms_bridge.sources.files.folder import Leaf
from lms_bridge.sources.files.memory import Memory


def mark_of(memory: Memory, text: str, line_offset: int) -> bytes:
    return memory.mark("text", str(line_offset), text)


def converted(
    leaf: Leaf,
    resolve: Mapping[str, Resolve],
    *,
    memory: Memory | None,
    anew: Callable[[], None],
) -> Conversion:
    """As `to_html` has it; `resolve` holds its callbacks as `link`, `image` and `wiki`.

    They are asked in the order in which the conversion asks them, so that what they tell on the way is told. `anew` is
    called when that was for nothing, and all of it is asked once more.
    """
    if memory is None:
        return _converted(leaf.text, resolve, leaf.text_line)
    mark = leaf.mark or mark_of(memory, leaf.text, leaf.text_line)
    kept = memory.recall(mark)
    if kept is not None:
        if all(resolve[which](address, line) == answer for which, address, line, answer in kept["asked"]):
            return _read(kept)
        anew()
    asked: list[tuple[str, str, int, str | None]] = []
    noting = {name: _noting(name, ask, asked) for name, ask in resolve.items()}
    found = _converted(leaf.text, noting, leaf.text_line)
    # Under another policy it is cleaned again where it is sent, and there are too few of these to tell them apart.
    if not isinstance(found.html, Cleaned) or found.html.policy is CANONICAL:
        memory.keep(mark, _written(found, asked))
    return found


def _converted(text: str, resolve: Mapping[str, Resolve], line_offset: int) -> Conversion:
    return to_html(
        text,
        resolve_link=resolve["link"],
        resolve_image=resolve["image"],
        wiki_link=resolve["wiki"],
        line_offset=line_offset,
    )


def _noting(name: str, ask: Resolve, asked: list[tuple[str, str, int, str | None]]) -> Resolve:
    def noted(address: str, line: int) -> str | None:
        answer = ask(address, line)
        asked.append((name, address, line, answer))
        return answer

    return noted


def _written(found: Conversion, asked: list[tuple[str, str, int, str | None]]) -> dict[str, Any]:
    return {
        "asked": asked,
        "html": found.html,
        "cleaned": isinstance(found.html, Cleaned),
        "problems": [(problem.line, problem.message) for problem in found.problems],
        "links": found.links,
        "images": found.images,
    }


def _read(kept: Mapping[str, Any]) -> Conversion:
    return Conversion(
        html=Cleaned(kept["html"], CANONICAL) if kept["cleaned"] else kept["html"],
        problems=tuple(Problem(line, message) for line, message in kept["problems"]),
        links=tuple(kept["links"]),
        images=tuple(kept["images"]),
    )
