"""Within one sentence: which changed words stand beside each other, which clash, and what becomes of bold words."""

import pytest

from lms_bridge.markup.merge import merge

# Base, theirs, ours, and what comes of them: nothing where they clash.
KEPT_APART = {
    "a word between two changes": ("red of green", "blue of green", "red of yellow", "blue of yellow"),
    "a dash and a word": ("red – of green", "blue – of green", "red – of yellow", "blue – of yellow"),
    "nothing but a comma": ("red, green", "blue, green", "red, yellow", None),
    "nothing but a dash": ("red – green", "blue – green", "red – yellow", None),
    "nothing but a line break": ("red<br>green", "blue<br>green", "red<br>yellow", None),
    "an image": (
        'red <img src="asset:61"> green',
        'blue <img src="asset:61"> green',
        'red <img src="asset:61"> yellow',
        'blue <img src="asset:61"> yellow',
    ),
    "a comma taken out": ("red, green or blue", "red green or blue", "red, green or black", "red green or black"),
    "words that grow together into one": ("red-of green", "blue-of green", "red-of yellow", None),
    "two Chinese characters": ("红绿蓝黄", "白绿蓝黄", "红绿蓝黑", "白绿蓝黑"),
    "one Chinese character": ("红绿蓝", "白绿蓝", "红绿黑", None),
    "two of theirs, with ours in their middle": (
        "in the morning we walk to the lake and swim for an hour or so",
        "in the evening we walk to the lake and swim for a day or so",
        "in the morning we walk to the river and swim for an hour or so",
        "in the evening we walk to the river and swim for a day or so",
    ),
    "three of theirs, with ours at the end": (
        "in the morning we walk to the lake and swim for an hour or so every day",
        "at the evening we walk to the river and swim for a night or so every day",
        "in the morning we walk to the lake and swim for an hour or so every week",
        "at the evening we walk to the river and swim for a night or so every week",
    ),
}
BY_CHANCE = {
    "a word that stayed in a sentence that is another one": (
        "wash the red cup",
        "pour away the old cold tea",
        "wash the new red cup",
        None,
    ),
    "bold, in a sentence that is another one": (
        "wash dry the red cup",
        "pour out the old tea",
        "wash dry <strong>the</strong> red cup",
        None,
    ),
    "more new words on either side of it than stayed": (
        "wash the cup",
        "pour away the old tea",
        "wash <strong>the</strong> cup",
        None,
    ),
    "as many words that stayed as were added behind them": (
        "wash it well",
        "dry this well enough",
        "wash it <strong>well</strong>",
        "dry this <strong>well</strong> enough",
    ),
    "as many words that stayed as were changed before them, behind a larger change": (
        "take every cup out of the sink and dry it very well",
        "put no pot out of the sink and wipe it quite clean",
        "take every cup out of the sink and dry <strong>it</strong> very well",
        "put no pot out of the sink and wipe <strong>it</strong> quite clean",
    ),
    "as many words that stayed as were changed": (
        "wash the cup",
        "dry the pot",
        "wash <strong>the</strong> cup",
        "dry <strong>the</strong> pot",
    ),
    "the same word many times": (
        "the cup and the pot and the pan",
        "the cup and the pan",
        "the cup and the pot and the lid and the pan",
        None,
    ),
}
BOTH_WROTE = {
    "in the place of the first word, one in bold": ("go home", "run home", "<strong>run</strong> home"),
    "in the middle": ("go home now", "go back now", "go <strong>back</strong> now"),
    "in the place of the last word": ("go home", "go <strong>back</strong>", "go back"),
    "before the first word": ("go home", "<strong>please</strong> go home", "please go home"),
    "behind the last word": ("go home", "go home today", "go home <strong>today</strong>"),
}


@pytest.mark.parametrize(("base", "theirs", "ours", "merged"), KEPT_APART.values(), ids=KEPT_APART)
def test_two_changes_stand_side_by_side_if_a_word_between_them_is_left(
    base: str, theirs: str, ours: str, merged: str | None
) -> None:
    found = merge(f"<p>{base}</p>", f"<p>{theirs}</p>", f"<p>{ours}</p>")
    assert (found.html, found.clean) == (f"<p>{merged or theirs}</p>", merged is not None)


@pytest.mark.parametrize(("base", "theirs", "ours", "merged"), BY_CHANCE.values(), ids=BY_CHANCE)
def test_few_words_that_stayed_among_many_new_ones_do_not_keep_changes_apart(
    base: str, theirs: str, ours: str, merged: str | None
) -> None:
    found = merge(f"<p>{base}</p>", f"<p>{theirs}</p>", f"<p>{ours}</p>")
    assert (found.html, found.clean) == (f"<p>{merged or theirs}</p>", merged is not None)


@pytest.mark.parametrize(("base", "theirs", "ours"), BOTH_WROTE.values(), ids=BOTH_WROTE)
def test_what_both_wrote_is_bold_if_one_of_them_made_it_so(base: str, theirs: str, ours: str) -> None:
    bold = max(theirs, ours, key=len)
    for one, other in ((theirs, ours), (ours, theirs)):
        found = merge(f"<p>{base}</p>", f"<p>{one}</p>", f"<p>{other}</p>")
        assert (found.html, found.clashes) == (f"<p>{bold}</p>", ())


@pytest.mark.parametrize(
    ("base", "theirs", "ours"),
    [
        ("go home now", "go <strong>back</strong> now", "go <em>back</em> now"),
        (
            "<strong>go</strong> home now",
            "<strong>go</strong> <strong>back</strong> now",
            "<strong>go</strong> <em>back</em> now",
        ),
        (
            "go home <strong>now</strong>",
            "go <em>back</em> <strong>now</strong>",
            "go <strong>back</strong> <strong>now</strong>",
        ),
        ("go home", "<strong>go</strong> home", "<em>go</em> home"),
    ],
    ids=["new", "beside a bold word", "before a bold word", "old"],
)
def test_the_same_word_in_bold_and_in_italics_clashes(base: str, theirs: str, ours: str) -> None:
    for one, other in ((theirs, ours), (ours, theirs)):
        found = merge(f"<p>{base}</p>", f"<p>{one}</p>", f"<p>{other}</p>")
        assert (found.html, found.clean) == (f"<p>{one}</p>", False)


MADE_BOLD = {
    "a word put into words made bold": (
        "go home now",
        "go straight home now",
        "<strong>go home</strong> now",
        "<strong>go straight home</strong> now",
    ),
    "a sign put into words made bold": (
        "go home",
        "go, home",
        "<strong>go home</strong>",
        "<strong>go, home</strong>",
    ),
    "a word put before the one made bold": (
        "stop",
        "please stop",
        "<strong>stop</strong>",
        "please <strong>stop</strong>",
    ),
    "a word put behind the one made bold": ("stop", "stop now", "<strong>stop</strong>", "<strong>stop</strong> now"),
    "a word put between one made bold and one made italic": (
        "go home",
        "go straight home",
        "<strong>go</strong> <em>home</em>",
        "<strong>go</strong> straight <em>home</em>",
    ),
    "a word put behind a bold one, when all is made bold": (
        "<strong>go</strong> home",
        "<strong>go</strong> straight home",
        "<strong>go home</strong>",
        "<strong>go straight home</strong>",
    ),
    "an italic word put into words made bold": (
        "go home",
        "go <em>straight</em> home",
        "<strong>go home</strong>",
        "<strong>go </strong><em>straight</em> <strong>home</strong>",
    ),
    "another word for the one made bold": (
        "we walk to town",
        "we run to town",
        "we <strong>walk</strong> to town",
        "we <strong>run</strong> to town",
    ),
    "other words for those made bold": (
        "we walk home now",
        "we run back now",
        "we <strong>walk home</strong> now",
        "we <strong>run back</strong> now",
    ),
    "other words for two of which one was made bold": (
        "we walk home now",
        "we run now",
        "we <strong>walk</strong> home now",
        None,
    ),
    "words taken out that were made bold": ("we walk home now", "we now", "we <strong>walk home</strong> now", None),
    "an italic word for the one made bold": (
        "we walk home",
        "we <em>run</em> home",
        "we <strong>walk</strong> home",
        None,
    ),
    "another word for a bold one that is bold no more": (
        "we <strong>walk</strong> home",
        "we <strong>run</strong> home",
        "we walk home",
        "we run home",
    ),
}


@pytest.mark.parametrize(("base", "theirs", "ours", "merged"), MADE_BOLD.values(), ids=MADE_BOLD)
def test_new_words_take_on_what_the_other_side_put_around_those_in_their_place(
    base: str, theirs: str, ours: str, merged: str | None
) -> None:
    found = merge(f"<p>{base}</p>", f"<p>{theirs}</p>", f"<p>{ours}</p>")
    assert (found.html, found.clean) == (f"<p>{merged or theirs}</p>", merged is not None)
    if merged is not None:
        assert merge(f"<p>{base}</p>", f"<p>{ours}</p>", f"<p>{theirs}</p>").html == f"<p>{merged}</p>"


@pytest.mark.parametrize(
    ("base", "theirs", "ours"),
    [
        ("a b b b b b b", "a b b a b b b", "a b b b b b x b"),
        ("a b a a", "y b b a", "a <strong>b</strong> a a a"),
        ("a b a a b b", "x b a a <strong>b</strong> b", "a b a a b b b"),
    ],
    ids=["it would clash", "other words", "another word in bold"],
)
def test_what_would_come_out_otherwise_after_a_lost_answer_clashes_now(base: str, theirs: str, ours: str) -> None:
    """Where a word stands many times, and a change cannot be told from the word beside it."""
    found = merge(f"<p>{base}</p><h2>c</h2>", f"<p>{theirs}</p><h2>c</h2>", f"<p>{ours}</p><h2>c</h2>")
    assert found.html == f"<p>{theirs}</p>\n<h2>c</h2>"
    assert [clash.base for clash in found.clashes] == [f"<p>{base}</p>"]
