"""Drops what the cleaner does not know and makes the tags pair up.

Stray ends are removed; a parent is closed for a child that it cannot hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from lms_bridge.sandbox.moodle.cleaning.elements import ELEMENTS, HIDDEN, ROOT, Content
from lms_bridge.sandbox.moodle.cleaning.tokens import Kind, Token


def drop_foreign(tokens: Iterable[Token], validate: Callable[[Token], None]) -> Iterator[Token]:
    """Unknown tags go and their text stays; scripts and styles go whole; images without a usable address go."""
    hidden_in = ""
    for token in tokens:
        if hidden_in and token.name != hidden_in:
            continue
        if token.kind is Kind.TEXT:
            yield token
        elif token.name not in ELEMENTS:
            if token.name in HIDDEN and token.kind is not Kind.EMPTY:
                hidden_in = token.name if token.kind is Kind.START else ""
        elif token.name != "img" or token.kind is Kind.END or _is_usable_image(token, validate):
            yield token


def _is_usable_image(token: Token, validate: Callable[[Token], None]) -> bool:
    validate(token)
    token.checked = True
    return "alt" in token.attrs and "src" in token.attrs


def balance(tokens: Iterable[Token]) -> list[Token]:
    pending = deque(tokens)
    open_tags: list[Token] = []
    out: list[Token] = []
    while pending or open_tags:
        if not pending:
            pending.append(Token(Kind.END, open_tags[-1].name))
        token = pending.popleft()
        if token.kind is Kind.TEXT:
            out.append(token)
        elif token.kind is Kind.END:
            _close(token, pending, open_tags, out)
        elif ELEMENTS[token.name].content is Content.EMPTY:
            out.append(Token(Kind.EMPTY, token.name, token.attrs, checked=token.checked))
        elif token.kind is Kind.EMPTY:
            pending.extendleft((Token(Kind.END, token.name), token.start()))
        elif not _makes_room(token, pending, open_tags):
            open_tags.append(token)
            out.append(token)
    return out


def _makes_room(token: Token, pending: deque[Token], open_tags: list[Token]) -> bool:
    """True when the token has to wait or go, since its parent cannot hold it; what to do first stands in `pending`."""
    if not open_tags:
        return False
    parent = open_tags[-1]
    model = ELEMENTS[parent.name]
    if token.name in model.allowed:
        return False
    wrap = ELEMENTS[token.name].wrap
    if wrap and token.name in ELEMENTS[wrap].allowed and wrap in model.allowed:
        pending.extendleft((token, Token(Kind.START, wrap)))
        return True
    if not _fits_somewhere(token.name, wrap, open_tags):
        return True
    end = Token(Kind.END, parent.name)
    if model.formatting:
        pending.extendleft((parent.start(), token, end))
    else:
        pending.extendleft((token, end))
    return True


def _fits_somewhere(name: str, wrap: str, open_tags: list[Token]) -> bool:
    if name in ROOT.allowed:
        return True
    for ancestor in open_tags:
        allowed = ELEMENTS[ancestor.name].allowed
        if name in allowed or (wrap and name in ELEMENTS[wrap].allowed and wrap in allowed):
            return True
    return False


def _close(token: Token, pending: deque[Token], open_tags: list[Token], out: list[Token]) -> None:
    if not open_tags:
        return
    if open_tags[-1].name == token.name:
        open_tags.pop()
        out.append(token)
        return
    position = next((i for i in range(len(open_tags) - 2, -1, -1) if open_tags[i].name == token.name), -1)
    if position < 0:
        return
    skipped = open_tags[position + 1 :]
    row = [Token(Kind.END, tag.name) for tag in reversed(skipped)]
    row.append(token)
    row += [tag.start() for tag in skipped if ELEMENTS[tag.name].formatting]
    pending.extendleft(reversed(row))
