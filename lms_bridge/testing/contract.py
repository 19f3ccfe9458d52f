"""The contract suite. A connector's tests subclass these and give fixtures; every promise is then tested against it.

Needs pytest, so nothing else of lms_bridge may import this module.
"""

import hashlib

import pytest

from lms_bridge.connector import Level, Source
from lms_bridge.testing.bench_fixtures import EVERY_KIND, Hand
from lms_bridge.testing.contract_keeping import KeepingContract
from lms_bridge.testing.contract_merging import MergingContract
from lms_bridge.testing.contract_writing import WritingContract

__all__ = ["EVERY_KIND", "DestinationContract", "Hand", "SourceContract"]


class SourceContract:
    """Give a fixture `source` with at least one item."""

    @pytest.fixture
    def source(self) -> Source:
        raise NotImplementedError("Give a fixture `source` that opens a source with at least one item.")

    def test_it_lists_something(self, source: Source) -> None:
        assert list(source.items().items)

    def test_keys_are_unique_and_start_with_the_sources_name(self, source: Source) -> None:
        keys = [item.key for item in source.items().items]
        assert len(keys) == len(set(keys))
        assert all(key.startswith(f"{source.name}:") for key in keys)

    def test_listing_twice_gives_the_same_items(self, source: Source) -> None:
        assert list(source.items().items) == list(source.items().items)

    def test_every_item_says_where_it_was_read_and_in_which_course_it_belongs(self, source: Source) -> None:
        for item in source.items().items:
            assert item.origin.name
            assert item.course.idnumber

    def test_every_image_in_a_body_is_listed_and_its_bytes_are_what_the_digest_says(self, source: Source) -> None:
        for item in source.items().items:
            for asset in getattr(item, "assets", ()):
                assert hashlib.sha256(asset.load()).hexdigest() == asset.digest
                assert f"asset:{asset.digest}" in getattr(item, "body", "")

    def test_a_problem_says_what_to_do(self, source: Source) -> None:
        listing = source.items()
        list(listing.items)
        assert all(problem.cause and problem.next_step for problem in listing.problems)

    def test_its_check_finds_nothing_wrong(self, source: Source) -> None:
        assert [finding for finding in source.check() if finding.level is Level.ERROR] == []


class DestinationContract(WritingContract, KeepingContract, MergingContract):
    """Give fixtures `destination` (empty, with the course of `course`), `course` and `hand`."""
