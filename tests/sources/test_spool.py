"""Texts that lie in a file are given as they were put down."""

import resource
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_bridge.markup.clean import CANONICAL
from lms_bridge.markup.fragment import Cleaned
from lms_bridge.sources.files import spool
from lms_bridge.sources.files.spool import Spool


@given(st.lists(st.text(st.characters()), max_size=8))
def test_each_text_is_given_as_it_was_put_down_in_whatever_order(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_HELD", 4)
        kept = Spool(Path(tempfile.gettempdir()))
        given = [kept.put(text) for text in texts]
        assert [give() for give in reversed(given)] == texts[::-1]
        assert [give() for give in given] == texts


def test_what_was_clean_is_clean(tmp_path: Path) -> None:
    kept = Spool(tmp_path)
    clean, other = kept.put(Cleaned("<p>One</p>", CANONICAL))(), kept.put("<p>Two</p>")()
    assert isinstance(clean, Cleaned)
    assert (clean, clean.policy, isinstance(other, Cleaned)) == ("<p>One</p>", CANONICAL, False)


def test_nothing_is_left_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_HELD", 4)
    give = Spool(tmp_path).put("More than is held.")
    assert (give(), list(tmp_path.iterdir())) == ("More than is held.", [])


def test_a_full_disk_takes_nothing_away_from_what_was_put_down_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_HELD", 4)
    kept = Spool(tmp_path)
    before = [kept.put(text) for text in ("one", "second", "third text")]
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limit[1]))
    try:
        for text in ("more than there is room for", "and once more, longer still"):
            with pytest.raises(OSError, match=r"File too large|No space"):
                kept.put(text)
        assert [give() for give in before] == ["one", "second", "third text"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    after = kept.put("there is room again")
    assert [give() for give in (*before, after)] == ["one", "second", "third text", "there is room again"]
