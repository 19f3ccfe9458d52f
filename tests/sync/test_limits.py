"""How much a run may take away or write over without asking: the limits of the policy, at their very edges."""

from dataclasses import replace

import pytest

from lms_bridge.config.model import PolicySettings
from lms_bridge.connector import Action, Change, PlaceRef
from lms_bridge.items import Kind
from lms_bridge.opening import policy_of
from lms_bridge.sync.limits import check_limits
from lms_bridge.sync.policy import Limits, Policy

BIO = PlaceRef(Kind.PAGE, "BIO-101", "the pages of BIO-101")
ECO = PlaceRef(Kind.PAGE, "ECO-200", "the pages of ECO-200")
ORPHANS = Limits(deletes=10, delete_share=0.3, update_share=0.5, population=10)


def changes(action: Action, count: int, place: PlaceRef = BIO, *, guarded: bool = False) -> list[Change]:
    return [
        Change(
            action=action, key=f"s:{place.id}/{action}/{n}", kind=Kind.PAGE, place=place, course="", title="",
            reason="", guarded=guarded,
        )
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "count", "standing", "share", "told"),
    [
        (Action.DELETE, 3, 10, 0.3, None),
        (Action.DELETE, 4, 10, 0.3, "4 deletes wait"),
        (Action.HIDE, 4, 10, 0.3, "4 deletes wait"),
        (Action.DELETE, 9, 9, 0.3, None),
        (Action.DELETE, 1, 10, 0.0, "1 delete waits"),
        (Action.UPDATE, 5, 10, 0.5, None),
        (Action.UPDATE, 6, 10, 0.5, "6 updates wait"),
        (Action.MERGE, 6, 10, 0.5, "6 updates wait"),
        (Action.CREATE, 500, 10, 0.0, None),
        (Action.ADOPT, 500, 10, 0.0, None),
    ],
)  # fmt: skip
def test_more_than_the_share_of_a_place_that_is_not_small_waits(
    action: Action, count: int, standing: int, share: float, told: str | None
) -> None:
    limits = Limits(deletes=500, delete_share=share, update_share=share, population=10)
    marked, sentences = check_limits(changes(action, count), limits, {BIO.id: standing})
    what, _, waits = (told or "").rpartition(" ")
    sentence = f"{what} in {BIO.title} {waits} for approval: that is more than {share:.0%} of its {standing} entries."
    assert sentences == ((sentence,) if told else ())
    assert {change.guarded for change in marked} == {told is not None}


def test_only_what_exceeds_its_share_waits_and_only_in_that_place() -> None:
    asked = [
        *changes(Action.CREATE, 2),
        *changes(Action.UPDATE, 5),
        *changes(Action.DELETE, 4),
        *changes(Action.DELETE, 3, ECO),
    ]
    marked, sentences = check_limits(asked, ORPHANS, {BIO.id: 10, ECO.id: 10})
    assert [change.key for change in marked] == [change.key for change in asked]
    held = {(change.place, change.action) for change in marked if change.guarded}
    assert held == {(BIO, Action.DELETE)}
    assert len(sentences) == 1


@pytest.mark.parametrize(("here", "elsewhere", "waits"), [(5, 5, False), (5, 6, True)])
def test_a_run_deletes_no_more_than_its_number_of_all_places_together(here: int, elsewhere: int, waits: bool) -> None:
    asked = [*changes(Action.UPDATE, 1), *changes(Action.DELETE, here), *changes(Action.HIDE, elsewhere, ECO)]
    marked, sentences = check_limits(asked, ORPHANS, {BIO.id: 100, ECO.id: 100})
    assert [change.guarded for change in marked] == [False, *[waits] * (here + elsewhere)]
    assert sentences == (("11 deletes wait for approval: the limit is 10 in one run.",) if waits else ())


def test_what_waits_because_the_source_is_empty_goes_on_waiting_and_is_told() -> None:
    marked, sentences = check_limits(changes(Action.DELETE, 1, guarded=True), ORPHANS, {BIO.id: 5})
    assert [change.guarded for change in marked] == [True]
    assert sentences == ("The source lists nothing at all any more: its deletes wait for approval.",)


def test_a_route_whose_policy_says_nothing_takes_away_no_more_than_the_engine_alone_would() -> None:
    told, own = (
        replace(policy, prune={kind: policy.prune_of(kind) for kind in Kind})
        for policy in (policy_of(PolicySettings()), Policy())
    )
    assert told == own
