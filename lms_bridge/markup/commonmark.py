"""The Markdown parser as we set it up: built once, apart from what we do with its tokens."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

# The mark that a link token carries when it was written as [[Title]].
WIKI = "wiki"


@cache
def parser() -> MarkdownIt:
    """The one parser. It holds no state between texts."""
    md = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    md.use(footnote_plugin, inline=False).use(tasklists_plugin).use(deflist_plugin)
    md.inline.ruler.before("link", "wiki_link", _wiki_link)
    md.core.ruler.after("github-tasklists", "task_characters", _task_characters)
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


def _task_characters(state: Any) -> None:
    """Both destinations drop checkboxes: a character says the same."""
    for block in state.tokens:
        for token in block.children or ():
            if token.type == "html_inline" and 'class="task-list-item-checkbox"' in token.content:
                token.type = "text"
                token.content = "☑" if "checked=" in token.content else "☐"


def _footnote_number(_self: RendererHTML, tokens: Sequence[Token], idx: int, _options: OptionsDict, _env: Any) -> str:
    return f"<sup>{tokens[idx].meta['id'] + 1}</sup>"


def _constant(html: str) -> Any:
    def rule(_self: RendererHTML, _tokens: Sequence[Token], _idx: int, _options: OptionsDict, _env: Any) -> str:
        return html

    return rule
