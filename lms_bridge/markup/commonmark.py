"""The Markdown parser as we set it up: built once, apart from what we do with its tokens."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from lms_bridge.markup.fragment import MarkupError
from lms_bridge.markup.quick import hasten

# The mark that a link token carries when it was written as [[Title]].
WIKI = "wiki"
MAX_BRACKETS = 5_000
_BOXES = {"[ ] ": "☐", "[x] ": "☑", "[X] ": "☑"}


@cache
def parser() -> MarkdownIt:
    """The one parser. It holds no state between texts."""
    md = unhastened()
    hasten(md)
    return md


def unhastened() -> MarkdownIt:
    """The parser without shortcuts, which tests hold it against."""
    md = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    md.use(footnote_plugin, inline=False).use(deflist_plugin)
    md.inline.ruler.before("link", "wiki_link", _wiki_link)
    md.core.ruler.after("block", "bounds", _refuse_endless)
    md.core.ruler.after("inline", "task_characters", _task_characters)
    # Neither destination keeps the anchors that footnotes jump to: plain numbers, and a list at the end.
    for name, rule in {
        "footnote_ref": _footnote_number,
        "footnote_block_open": _constant("<hr>\n<ol>\n"),
        "footnote_block_close": _constant("</ol>\n"),
        "footnote_open": _constant("<li>"),
        "footnote_close": _constant("</li>\n"),
        "footnote_anchor": _constant(""),
    }.items():
        md.add_render_rule(name, rule)
    return md


def _wiki_link(state: StateInline, silent: bool) -> bool:
    """[[Title]] and [[Title|label]], on one line, without brackets inside."""
    if not state.src.startswith("[[", state.pos):
        return False
    end = state.src.find("]]", state.pos + 2, state.posMax)
    inner = state.src[state.pos + 2 : end] if end > 0 else ""
    title, _, label = (part.strip() for part in inner.partition("|"))
    if not title or any(sign in inner for sign in "[]\n"):
        return False
    if not silent:
        opening = state.push("link_open", "a", 1)
        opening.meta = {WIKI: title}
        state.push("text", "", 0).content = label or title
        state.push("link_close", "a", -1)
    state.pos = end + 2
    return True


def _refuse_endless(state: StateCore) -> None:
    """What a bracket closes is looked for up to the end of its paragraph, for each bracket. Raises MarkupError."""
    if state.src.count("[") <= MAX_BRACKETS:
        return
    for block in state.tokens:
        if block.type == "inline" and block.content.count("[") > MAX_BRACKETS:
            cause = f"one paragraph has more than {MAX_BRACKETS:,} brackets: that is no text for people"
            raise MarkupError(cause, block.map[0] + 1 if block.map else None)


def _task_characters(state: StateCore) -> None:
    """Both destinations drop checkboxes: a character says the same."""
    if not any(box in state.src for box in _BOXES):
        return
    for item, paragraph, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if (item.type, paragraph.type, inline.type) != ("list_item_open", "paragraph_open", "inline"):
            continue
        box = _BOXES.get(inline.content[:4])
        first = inline.children[0] if inline.children else None
        if box is not None and first is not None and first.type == "text":
            first.content = box + first.content[3:]


def _footnote_number(_self: RendererHTML, tokens: Sequence[Token], idx: int, _options: OptionsDict, _env: Any) -> str:
    return f"<sup>{tokens[idx].meta['id'] + 1}</sup>"


def _constant(html: str) -> Any:
    def rule(_self: RendererHTML, _tokens: Sequence[Token], _idx: int, _options: OptionsDict, _env: Any) -> str:
        return html

    return rule
