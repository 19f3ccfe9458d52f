"""A hundred times a person and the source change one page, as `edit_pairs/` tells: what must come of it, or why it
clashes. Nothing that the person wrote is lost in any of them."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lms_bridge.markup.digest import digest
from lms_bridge.markup.fragment import parse
from lms_bridge.markup.links import images, links
from lms_bridge.markup.markdown import to_html
from lms_bridge.markup.merge import merge
from lms_bridge.markup.merge_html import canonical
from lms_bridge.markup.text import to_text, words
from tests.markup.editing import edited, reindented

FOLDER = Path(__file__).parent / "edit_pairs"

# So many merge cleanly: by us, where fewer is a step back, and by `git merge-file` on the same texts.
OURS, GIT = 75, 26


@dataclass(frozen=True)
class Pair:
    """Three texts of one page, and what must come of them: a merged text, or a clash for the reason told."""

    name: str
    base: str
    theirs: str
    ours: str
    merged: str | None


def page(text: str, edits: Mapping[str, str]) -> str:
    return to_html(
        edited(text, edits),
        resolve_link=lambda address, _: f"item:{address}",
        resolve_image=lambda address, _: f"asset:{address.encode().hex()}",
        wiki_link=lambda title, _: f"item:{title}",
    ).html


def pairs() -> Iterator[Pair]:
    for file in sorted(FOLDER.glob("*.yaml")):
        described = yaml.safe_load(file.read_text(encoding="utf-8"))
        base = described["base"]
        for pair in described["pairs"]:
            assert ("merged" in pair) != bool(pair.get("clash")), pair["name"]
            yield Pair(
                name=f"{file.stem}: {pair['name']}",
                base=page(base, {}),
                theirs=reindented(page(base, pair["theirs"])),
                ours=page(base, pair["ours"]),
                merged=page(base, pair["merged"]) if "merged" in pair else None,
            )


PAIRS = list(pairs())
each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)


def test_there_are_a_hundred_different_ones() -> None:
    assert len({(pair.base, digest(pair.theirs), pair.ours) for pair in PAIRS}) == len(PAIRS) == 100


@each_pair
def test_the_merge_is_the_one_that_was_written_down_for_it(pair: Pair) -> None:
    merged = merge(pair.base, pair.theirs, pair.ours)
    if pair.merged is None:
        assert not merged.clean
    else:
        assert merged.clashes == ()
        assert to_text(merged.html) == to_text(pair.merged)
        assert digest(merged.html) == digest(pair.merged)


@each_pair
def test_nothing_that_the_person_wrote_is_lost(pair: Pair) -> None:
    merged = merge(pair.base, pair.theirs, pair.ours)
    assert not wrote(pair.base, pair.theirs) - Counter(words_links_and_images(merged.html))
    if not merged.clean:
        told = Counter[str]()
        for clash in merged.clashes:
            told += Counter(words_links_and_images(clash.ours))
        lost_of_ours = wrote(pair.base, pair.ours) - Counter(words_links_and_images(merged.html))
        assert not lost_of_ours - told, "what the source wrote stands in the text or among the clashes"


@each_pair
def test_it_comes_out_the_same_when_it_is_merged_once_more(pair: Pair) -> None:
    merged = merge(pair.base, pair.theirs, pair.ours)
    if merged.clean:
        again = merge(pair.base, reindented(merged.html), pair.ours)
        assert again.clean
        assert digest(again.html) == digest(merged.html)


@each_pair
def test_it_does_not_matter_for_a_clash_who_is_who(pair: Pair) -> None:
    assert merge(pair.base, pair.ours, pair.theirs).clean == merge(pair.base, pair.theirs, pair.ours).clean


def test_more_of_them_merge_cleanly_than_with_git(tmp_path: Path) -> None:
    ours = sum(merge(pair.base, pair.theirs, pair.ours).clean for pair in PAIRS)
    git = sum(merges_in_git(pair, tmp_path) for pair in PAIRS)
    print(f"clean: {ours} by structure, {git} by git merge-file, of {len(PAIRS)}")
    assert ours >= OURS
    assert git <= GIT < ours


def wrote(base: str, side: str) -> Counter[str]:
    return Counter(words_links_and_images(side)) - Counter(words_links_and_images(base))


def words_links_and_images(html: str) -> list[str]:
    fragment = parse(html)
    addresses = [a.get("href", "") for a in links(fragment)] + [img.get("src", "") for img in images(fragment)]
    # A row of Chinese characters is no word; each of them is.
    return addresses + [part for word in words(html) for part in re.findall(r"[\u4e00-\u9fff]|[^\u4e00-\u9fff]+", word)]


def merges_in_git(pair: Pair, folder: Path) -> bool:
    names = []
    for name, html in (("ours", pair.ours), ("base", pair.base), ("theirs", pair.theirs)):
        (folder / name).write_text(one_a_line(html), encoding="utf-8")
        names.append(name)
    run = subprocess.run(["git", "merge-file", "-p", "-q", *names], cwd=folder, capture_output=True, check=False)
    assert run.returncode < 128, run.stderr
    return run.returncode == 0


def one_a_line(html: str) -> str:
    """In normal form, one block, item or row a line: the best that a merge of lines can be given."""
    holders = r"</?(?:ul|ol|dl|table|thead|tbody|blockquote)\b[^>]*>"
    parts = r"<(?:p|h[1-6]|li|tr|dt|dd|pre|caption|hr)\b"
    pieces = re.split(r"(<pre\b.*?</pre>)", canonical(html), flags=re.DOTALL)
    lines = (
        piece if piece.startswith("<pre") else re.sub(parts, r"\n\g<0>", re.sub(holders, r"\n\g<0>\n", piece))
        for piece in pieces
    )
    return re.sub(r"\n{2,}(?=<)", "\n", "\n".join(lines)).strip() + "\n"
