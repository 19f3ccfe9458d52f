"""What places lean on besides the ground: images, provisioning, and what changes cost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lms_bridge.connector import Action, Change, Cost, PlaceRef
from lms_bridge.errors import DestinationError, NotFound, Problem
from lms_bridge.items import Kind
from lms_bridge.moodle.ahead import Ahead
from lms_bridge.moodle.courses import MODULE_WORDS, Activity
from lms_bridge.moodle.ground import Ground, Spot, spot_of
from lms_bridge.moodle.images import Images
from lms_bridge.moodle.protocol import Call
from lms_bridge.moodle.provision import Provision

_SECONDS_A_CALL = 0.02
_ASSET = re.compile(r'src="asset:([0-9a-f]+)"')
_ENROLLED = "core_enrol_get_enrolled_users"


@dataclass(frozen=True, slots=True)
class SiteParts:
    """The shared parts of one Moodle."""

    ground: Ground
    images: Images
    provision: Provision
    ahead: Ahead

    def activity(self, ref: PlaceRef) -> Activity:
        found = self.ground.activity(ref.kind, spot_of(ref))
        if found is None:
            word = MODULE_WORDS[self.ground.module(ref.kind)]
            raise NotFound(f"the course has no {word}.", where=ref.title, next_step="Run `lms-bridge check`.")
        return found

    def provide(self, ref: PlaceRef) -> None:
        """Makes the place's activity from the template, where the config says so. Raises DestinationError."""
        if self.ground.activity(ref.kind, spot_of(ref)) is None:
            self.provision.fill(ref)

    def count_people(self, course: int) -> None:
        """How many people a forum would mail; only where our service happens to include the function."""
        client = self.ground.client
        if course in self.ground.people or _ENROLLED not in client.site().functions:
            return
        options = [{"name": "onlyactive", "value": 1}, {"name": "userfields", "value": "id"}]
        reply = client.call_all([Call(function=_ENROLLED, args={"courseid": course, "options": options})])[0]
        if reply.error is None:
            self.ground.people[course] = len(reply.value)

    def image_urls(
        self, course: int, together: Sequence[Change], change: Change
    ) -> Mapping[str, str] | DestinationError:
        """The addresses of a change's images. Those of the changes beside it are uploaded with them, in one post."""
        payload = change.payload
        shown = set(_ASSET.findall(payload.body)) if payload else set()
        if payload is None or not shown:
            return {}
        every = [asset for each in together if each.payload for asset in each.payload.assets]
        for assets in (every, payload.assets):
            try:
                # A text that people had a hand in may show what the item shows no more: it was uploaded once.
                older = self.images.known(course) if shown - {asset.digest for asset in payload.assets} else {}
                return {**older, **self.images.ensure(course, assets)}
            except DestinationError as error:
                trouble = error
        return trouble

    def rating_activity(self, course: int, title: str) -> Activity | None:
        """The activity whose name shows a course's rating; made from the template, where the config says so."""
        found = self.ground.rating_activity(course)
        if found is None and self.provision.wanted:
            self.provision.fill(PlaceRef(Kind.REVIEW, Spot(course).container, title))
            found = self.ground.rating_activity(course)
        return found

    def cost(self, ref: PlaceRef, changes: Sequence[Change], *, each: Mapping[Action, int]) -> Cost:
        calls = sum(each.get(change.action, 1) for change in changes)
        notices = [notice for change in changes if change.payload for notice in change.payload.notices]
        if changes and self.ground.activity(ref.kind, spot_of(ref)) is None:
            notices.append(Problem("the activities are copied from the template course first.", ref.title, ""))
        assets = {asset.digest for change in changes if change.payload for asset in change.payload.assets}
        calls += len(assets)
        return Cost(calls=calls, seconds=calls * _SECONDS_A_CALL, notices=tuple(dict.fromkeys(notices)))
