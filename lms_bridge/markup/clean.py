"""Cleaning by allow-list: what is not named here does not reach a destination. nh3 (ammonia) decides, we normalise."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import nh3

from lms_bridge.markup.fragment import Cleaned, Fragment, bounded, nested, parse, refuse_endless, serialize
from lms_bridge.markup.normal import normalise
from lms_bridge.markup.tidy import tidy
from lms_bridge.markup.vocabulary import ATTRIBUTES, RENAMED, SCHEMES, TAGS


@dataclass(frozen=True)
class Allowed:
    """What a text may hold. A destination gives its own; elements that are not allowed leave their words behind.

    `classes` are patterns for the whole class name. A marker's class is not among the canonical ones, so that no
    source text can pass for an entry of ours; a destination that sets a marker sets it after cleaning.
    """

    tags: frozenset[str] = TAGS
    attributes: Mapping[str, frozenset[str]] = field(default_factory=lambda: ATTRIBUTES, hash=False)
    schemes: frozenset[str] = SCHEMES
    classes: tuple[str, ...] = (r"language-[A-Za-z0-9+#_.-]{1,40}",)
    relative: bool = False


CANONICAL = Allowed()


def clean(html: str, *, policy: Allowed = CANONICAL) -> Cleaned:
    """The text with nothing in it but what the policy allows, in normal form. Cleaning twice changes nothing."""
    if isinstance(html, Cleaned) and html.policy is policy:
        refuse_endless(html)
        return html
    given = bounded(html)
    markup = cleaner(policy).clean(given)
    # Signs that XML has no place for come in by number only, once the text is bounded.
    quick = None if "&#" in given else tidy(markup, tags=policy.tags, classes=classes_of(policy))
    return Cleaned(serialize(in_normal_form(markup, policy)) if quick is None else quick, policy)


def clean_fragment(html: str, *, policy: Allowed = CANONICAL) -> Fragment:
    """As `clean`, for those who go on working on the tree."""
    return parse(clean(html, policy=policy))


def in_normal_form(markup: str, policy: Allowed) -> Fragment:
    """What nh3 gave, by way of a tree: for any markup."""
    fragment = nested(markup, tags=policy.tags)
    allowed = classes_of(policy)
    for element in fragment.root.iterdescendants():
        value = element.get("class")
        if value is None:
            continue
        if kept := " ".join(name for name in value.split() if allowed.fullmatch(name)):
            element.set("class", kept)
        else:
            del element.attrib["class"]
    normalise(fragment)
    return fragment


@cache
def classes_of(policy: Allowed) -> re.Pattern[str]:
    return re.compile("|".join(policy.classes) or r"(?!)")


@cache
def cleaner(policy: Allowed) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS | policy.tags | RENAMED.keys(),
        attributes={tag: set(names) for tag, names in policy.attributes.items()},
        url_schemes=set(policy.schemes),
        url_relative="pass_through" if policy.relative else "deny",
        link_rel=None,
    )
