"""Texts on their way out: cleaned, filtered or raw as the caller wished, with or without file addresses."""

import html
import re

from lms_bridge.sandbox.moodle import rows
from lms_bridge.sandbox.moodle.call import Call
from lms_bridge.sandbox.moodle.params import strip_tags
from lms_bridge.sandbox.moodle.purifier import clean

MOODLE_AUTO, HTML, PLAIN, MARKDOWN = 0, 1, 2, 4

_MULTILANG_RUN = re.compile(
    r"(?:<span(?:\s+lang=\"[a-zA-Z0-9_-]+\"|\s+class=\"multilang\"){2}\s*>.*?</span>\s*){2,}", re.DOTALL
)
_EQUATION = re.compile(r"\$\$.+?\$\$|\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
_MULTILANG_SPAN = re.compile(
    r"<span(?=[^>]*class=\"multilang\")[^>]*lang=\"([a-zA-Z0-9_-]+)\"[^>]*>(.*?)</span>", re.DOTALL
)


def clean_for_storing(text: str) -> str:
    """What an editor, an update or a database field lets through: ids and names are lost, too."""
    return clean(text, allow_ids=False)


def format_text(call: Call, text: str, files: str = "") -> str:
    """`files`: the place of the text's files, as in `33/mod_forum/post/2`."""
    # Before it is cleaned: a placeholder that is spelled with entities stays words. external/classes/util.php
    text = with_file_addresses(call, text, files)
    if call.wishes.raw:
        return text
    text = clean(text)
    return apply_filters(call, text) if call.wishes.filter else text


def format_message(call: Call, post: rows.Post, files: str) -> tuple[str, int]:
    """A post's text in the format that goes out; raw leaves both as they are stored."""
    text = with_file_addresses(call, post.message, files)
    if call.wishes.raw:
        return text, post.messageformat
    match post.messageformat:
        case 4:
            text = from_markdown(text)
        case 2:
            text = html.escape(text).replace("\n", "<br />\n")
        case 0:
            text = text_to_html(text)
    return format_text(call, text), HTML


def text_to_html(text: str) -> str:
    """Moodle's own "auto format": blanks between tags go, other newlines become <br>."""
    text = re.sub(r">\s+<", "><", text)
    text = re.sub(r"[\n\r]<", " <", text)
    text = re.sub(r">[\n\r]", "> ", text)
    return f'<div class="text_to_html">{text}</div>'.replace("\n", "<br />\n")


def from_markdown(text: str) -> str:
    """PHP Markdown parts its blocks by an empty line."""
    from markdown_it import MarkdownIt

    rendered: str = MarkdownIt("commonmark").enable("table").render(text)
    return re.sub(r"(</(?:p|ul|ol|h[1-6]|blockquote|pre|table)>)\n(?=<(?!/))", r"\1\n\n", rendered)


def with_file_addresses(call: Call, text: str, files: str) -> str:
    if not files or not call.wishes.fileurl:
        return text
    address = f"{call.site.settings.wwwroot}/webservice/pluginfile.php/{files}"
    return text.replace("@@PLUGINFILE@@/", f"{address}/")


def format_name(call: Call, name: str) -> str:
    """format_string: names of things; markup stripped, `&`, `<` and `>` encoded, quotes left alone."""
    if call.wishes.raw:
        return name
    if call.wishes.filter:
        name = apply_multilang(call, name)
    return encode_name(name)


def encode_name(name: str) -> str:
    encoded = re.sub(r"&(?![a-zA-Z0-9#]{1,8};)", "&amp;", name)
    return strip_tags(encoded).replace("<", "&lt;").replace(">", "&gt;")


def apply_filters(call: Call, text: str) -> str:
    if "multilang" in call.site.settings.filters:
        text = apply_multilang(call, text)
    if "mathjaxloader" in call.site.settings.filters:
        text = _mark_equations(text)
    return text


def _mark_equations(text: str) -> str:
    """filter_mathjaxloader: the formulas and the whole text get spans for the script of the page."""
    marked = _EQUATION.sub(r'<span class="nolink">\g<0></span>', text)
    return text if marked == text else f'<span class="filter_mathjaxloader_equation">{marked}</span>'


def apply_multilang(call: Call, text: str) -> str:
    """filter_multilang: of several spans in a row only the reader's language is kept, or else the first."""
    if "multilang" not in call.site.settings.filters:
        return text

    def choose(run: re.Match[str]) -> str:
        spans = _MULTILANG_SPAN.findall(run.group(0))
        wanted = call.wishes.lang or call.user.lang
        return next((words for lang, words in spans if lang == wanted), spans[0][1] if spans else run.group(0))

    return _MULTILANG_RUN.sub(choose, text)


def escape(text: str) -> str:
    """PHP's s()."""
    return html.escape(text, quote=True).replace("&#x27;", "&#039;")
