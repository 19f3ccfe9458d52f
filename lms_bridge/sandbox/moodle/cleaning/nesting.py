"""Puts a tree of balanced tags into the order that XHTML 1.0 Transitional allows.

List items stand in lists, rows in tables, no link in a link.
"""

from __future__ import annotations

from collections.abc import Iterable

from lms_bridge.sandbox.moodle.cleaning.elements import ELEMENTS, FLOW, INLINE, ROOT, Content, Element
from lms_bridge.sandbox.moodle.cleaning.tokens import Kind, Node, Token

_RUBY_ORDERS = {("rb", "rt"), ("rb", "rp", "rt", "rp"), ("rbc", "rtc"), ("rbc", "rtc", "rtc")}


def grow(tokens: Iterable[Token]) -> Node:
    root = Node("div")
    path = [root]
    for token in tokens:
        if token.kind is Kind.END:
            path.pop()
            continue
        if token.kind is Kind.TEXT:
            path[-1].children.append(Node("#PCDATA", text=token.text))
            continue
        node = Node(token.name, token.attrs, void=token.kind is Kind.EMPTY, checked=token.checked)
        path[-1].children.append(node)
        if token.kind is Kind.START:
            path.append(node)
    return root


def fix_nesting(root: Node) -> None:
    _fix(root, ROOT, inline=False, excludes=frozenset())


def _fix(node: Node, model: Element, *, inline: bool, excludes: frozenset[str]) -> bool:
    """Children first, then the node itself; False when the node has to go."""
    below = excludes | model.excludes
    node.children = [
        child
        for child in node.children
        if child.is_text or _fix(child, ELEMENTS[child.name], inline=inline or model.inline_below, excludes=below)
    ]
    if node.name in excludes:
        return False
    children = _arranged(node.children, model, inline=inline)
    node.children = children or []
    return children is not None


def _arranged(children: list[Node], model: Element, *, inline: bool) -> list[Node] | None:
    match model.content:
        case Content.EMPTY:
            return []
        case Content.OPTIONAL:
            return _optional(children, model.allowed)
        case Content.EITHER:
            return _optional(children, INLINE if inline else FLOW)
        case Content.REQUIRED:
            return _required(children, model.allowed)
        case Content.LIST:
            return _list(children)
        case Content.TABLE:
            return _table(children)
        case Content.RUBY:
            names = tuple(child.name for child in children if not child.is_blank)
            return children if names in _RUBY_ORDERS else None


def _required(children: list[Node], allowed: frozenset[str]) -> list[Node] | None:
    result: list[Node] = []
    found = False
    queue = list(reversed(children))
    while queue:
        node = queue.pop()
        if node.is_blank:
            result.append(node)
            continue
        found = True
        if node.name in allowed:
            result.append(node)
        elif not node.is_text:
            queue.extend(reversed(node.children))
    return result if result and found else None


def _optional(children: list[Node], allowed: frozenset[str]) -> list[Node]:
    result = _required(children, allowed)
    if result is not None:
        return result
    return children if children and all(child.is_blank for child in children) else []


def _list(children: list[Node]) -> list[Node] | None:
    result: list[Node] = []
    item: Node | None = None
    for node in children:
        if node.is_blank:
            result.append(node)
        elif node.name == "li":
            item = node
            result.append(node)
        else:
            if item is None:
                item = Node("li")
                result.append(item)
            item.children.append(node)
    return result if item is not None else None


def _table(children: list[Node]) -> list[Node] | None:
    """Caption, columns, head, foot, then the rows; blanks stay with what they follow."""
    parts: dict[str, list[Node]] = {"start": [], "caption": [], "cols": [], "thead": [], "tfoot": [], "rows": []}
    at = "start"
    has_groups = False
    for node in children:
        if node.is_text:
            if node.is_blank:
                parts[at].append(node)
            continue
        target = "cols" if node.name in ("col", "colgroup") else node.name
        has_groups = has_groups or target in ("tbody", "thead", "tfoot")
        if target == "caption" and parts["caption"]:
            continue
        if target in ("thead", "tfoot") and parts[target]:
            node.name = "tbody"  # only one head and foot
        if node.name in ("tbody", "tr"):
            target = "rows"
        if target in parts:
            parts[target].append(node)
            at = target
    if not (parts["rows"] or parts["thead"] or parts["tfoot"]):
        return None
    rows = _grouped(parts["rows"]) if has_groups else parts["rows"]
    return parts["start"] + parts["caption"] + parts["cols"] + parts["thead"] + parts["tfoot"] + rows


def _grouped(rows: list[Node]) -> list[Node]:
    result: list[Node] = []
    body: Node | None = None
    for node in rows:
        if node.name == "tbody":
            body = None
            result.append(node)
        elif node.name == "tr":
            if body is None:
                body = Node("tbody")
                result.append(body)
            body.children.append(node)
        elif body is None:
            result.append(node)
        else:
            body.children.append(node)
    return result
