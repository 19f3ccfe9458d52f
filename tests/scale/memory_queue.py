"""Another engine behind the same port: a list. It hands out jobs in the order that a test asks for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lms_bridge.scale.queue import Job, Stats, Work
from lms_bridge.sync.stop import Stop


@dataclass(slots=True)
class MemoryQueue:
    waiting: list[Job] = field(default_factory=list)
    handed_out: list[Job] = field(default_factory=list)

    def submit(self, jobs: Sequence[Job]) -> int:
        new = [job for job in jobs if job not in self.waiting]
        self.waiting += new
        return len(new)

    def run(self, work: Work, stop: Stop, *, until_idle: bool = True) -> None:
        """What is to be tried again goes to the end, and is tried only when something else was done since."""
        self.run_while(work, lambda job: not stop.reason)

    def run_while(self, work: Work, wanted: Callable[[Job], bool]) -> None:
        idle = 0
        while self.waiting and idle <= len(self.waiting):
            job = self.waiting.pop(0)
            again = True
            if wanted(job):
                self.handed_out.append(job)
                again = work(job) is not None
            if again:
                self.waiting.append(job)
            idle = idle + 1 if again else 0

    def cancel(self, run: str) -> int:
        before = len(self.waiting)
        self.waiting = [job for job in self.waiting if job.run != run]
        return before - len(self.waiting)

    def stats(self) -> Stats:
        return Stats(len(self.waiting), 0)
