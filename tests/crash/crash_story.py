"""Stories: what stood there before a run, and what the run makes of it. Each is told once without a mishap first."""

from dataclasses import dataclass, replace
from difflib import ndiff

from crash_boundaries import Boundary
from crash_content import FIRST, SECOND, Files
from crash_state import StateKeeper
from crash_world import POLICY, Form, World


@dataclass(frozen=True, slots=True)
class Story:
    name: str
    before: Files | None
    now: Files
    loses_state: bool = False
    policy: str = POLICY


FIRST_SYNC = Story("first sync", None, FIRST)
NEXT_SYNC = Story("next sync", FIRST, SECOND)
STATE_LOST = Story("state lost", FIRST, SECOND, loses_state=True, policy="{prune: delete, drift: overwrite}")
"""Everything is adopted, and what changed meanwhile is written over: without a state nobody knows who changed it."""
STORIES = (FIRST_SYNC, NEXT_SYNC, STATE_LOST)


@dataclass(frozen=True, slots=True)
class Told:
    """A story up to the run: `boundaries` are those of a run without a mishap, `end` is what it left."""

    world: World
    route: str
    boundaries: tuple[Boundary, ...]
    writes: tuple[int, ...]
    """Which of all requests write."""
    end: tuple[str, ...]

    @property
    def stored(self) -> list[tuple[int, Boundary]]:
        """Each moment at which a request was stored and not answered, and which of all requests that is."""
        moments = [boundary for boundary in self.boundaries if not boundary.commit and boundary.done]
        return list(zip(self.writes, moments, strict=True))

    @property
    def stored_first(self) -> list[tuple[int, Boundary]]:
        """Of those the first of each kind of write: for the quick share."""
        return list({moment.name: (number, moment) for number, moment in reversed(self.stored)}.values())

    def is_finished_by_the_next_sync(self) -> None:
        """Each item exactly once and as it should be, nothing left open, and nothing to do for a further sync."""
        report, open_intents = self.world.sync(self.route)
        told = [str(failure.problem) for failure in report.failures] + [one.reason for one in report.conflicts]
        assert not told, told
        amiss = [line for line in ndiff(self.end, self.world.standing(self.route)) if line[0] in "-+"]
        assert not amiss, "what stands there is not what was to stand there:\n" + "\n".join(amiss)
        assert open_intents == 0, "the end of a write is still not known"
        again = self.world.writes(self.route)
        assert not again, f"a further sync wrote: {again}"


def tell(world: World, state: StateKeeper, route: str, form: Form, story: Story) -> Told:
    world.begin(replace(form, policy=story.policy), state)
    if story.before is not None:
        world.fill(story.before)
        report, _ = world.sync(route)
        assert not report.failures, report.failures
    if story.loses_state:
        state.lose()
    world.fill(story.now)
    world.freeze()
    boundaries = world.boundaries(route)
    told = Told(world, route, tuple(boundaries), tuple(world.doors[route].at), tuple(world.standing(route)))
    assert world.writes(route) == [], "without a mishap a second sync has nothing to do"
    return told
