"""What a command costs as a whole process: seconds, and the most memory that it held."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    """At least what the process held that began it."""
    exit_code: int
    output: str


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Of what is measured: its modules are compiled once, as pip does with what it installs, the yardsticks too."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(more)


def cost_of(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None) -> Cost:
    """Children's memory counts by the largest single process. `output` is standard output."""
    begun = time.monotonic()
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts kilobytes here: getrusage(2).
    cpu = used.ru_utime + used.ru_stime
    return Cost(time.monotonic() - begun, cpu, used.ru_maxrss * 1024, process.returncode, output)
