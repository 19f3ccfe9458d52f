"""Mutation testing: a small mistake is made in the code, and a test must notice. `make mutation`, on demand.

Runs in a copy of the checked-in files. ARGS: names of modules below `lms_bridge/` (all of TABLE unless told), `--share`
of their mutants, drawn with a fixed seed, and `--minutes` for each module.
"""

import argparse
import os
import random
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TABLE = {
    "sync/decision.py": "tests/sync/test_decision.py",
    "sync/limits.py": "tests/sync/test_engine.py",
    "sync/merging.py": "tests/sync/test_merging.py tests/sync/test_drift.py",
    "sync/selection.py": "tests/sync/test_selection.py",
    "sync/digest.py": "tests/sync/test_drift.py",
    "markup/merge_words.py": "tests/markup/test_merge.py",
    "markup/merge_tables.py": "tests/markup/test_merge.py",
    "markup/merge_order.py": "tests/markup/test_merge.py",
    "markup/returning.py": "tests/markup/test_returning.py",
    "markup/rewriting.py": "tests/markup/test_rewriting.py",
    "markup/to_markdown.py": "tests/markup/test_rewriting.py",
    "markup/fidelity.py": "tests/markup/test_fidelity.py",
    "markup/diff.py": "tests/markup/test_diff.py",
    "markup/split.py": "tests/markup/test_split.py",
}
"""Which tests are to notice mistakes in a module."""
CONFIG = """
[cosmic-ray]
module-path = "lms_bridge/{module}"
timeout = {limit}
excluded-modules = []
test-command = "{tests}"
[cosmic-ray.distributor]
name = "local"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--minutes", type=float, default=60.0)
    asked = parser.parse_args()
    unknown = [module for module in asked.modules if module not in TABLE]
    if unknown:
        parser.error(f"no tests are named for {unknown[0]}; known: {', '.join(TABLE)}")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        for name in names.decode().split("\0")[:-1]:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
        for module in asked.modules or TABLE:
            run(copy, module, asked.share, asked.minutes)


def run(copy: Path, module: str, share: float, minutes: float) -> None:
    config, session = copy / "mutation.toml", copy / "mutation.sqlite"
    session.unlink(missing_ok=True)
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    begun = time.monotonic()
    tests = [sys.executable, "-m", "pytest", "-n0", "-x", "-q", "-p", "no:cacheprovider", *TABLE[module].split()]
    if subprocess.run(tests, cwd=copy, env=env, stdout=subprocess.DEVNULL).returncode != 0:
        sys.exit(f"{module}: its tests fail on unchanged code, so nothing can be said")
    # Mistakes that make a test run for ever are told apart from those that it notices.
    limit = 20 + 5 * (time.monotonic() - begun)
    config.write_text(CONFIG.format(module=module, limit=limit, tests=shlex.join(tests)), encoding="utf-8")
    ray = str(Path(sys.executable).with_name("cosmic-ray"))
    subprocess.run([ray, "init", str(config), str(session)], cwd=copy, env=env, check=True)
    chosen, every = draw(session, share)
    with subprocess.Popen([ray, "exec", str(config), str(session)], cwd=copy, env=env, start_new_session=True) as work:
        try:
            work.wait(60 * minutes)
        except subprocess.TimeoutExpired:
            print(f"{module}: the time was over", flush=True)
            os.killpg(work.pid, signal.SIGKILL)
    # What it was changing when it was stopped is changed still.
    shutil.copyfile(ROOT / "lms_bridge" / module, copy / "lms_bridge" / module)
    report(module, session, chosen, every)


def draw(session: Path, share: float) -> tuple[int, int]:
    """Keep a share of the mutants, the same each time."""
    with sqlite3.connect(session) as database:
        jobs = sorted(row[0] for row in database.execute("SELECT job_id FROM work_items"))
        place = "module_path || start_pos_row || start_pos_col || operator_name || occurrence"
        order = dict(database.execute(f"SELECT job_id, {place} FROM mutation_specs"))  # noqa: S608 - our own names
        jobs.sort(key=lambda job: str(order.get(job)))
        kept = set(random.Random(1).sample(jobs, max(1, round(share * len(jobs)))))  # noqa: S311 - a sample, no secret
        gone = [(job,) for job in jobs if job not in kept]
        for table in ("work_items", "mutation_specs"):
            database.executemany(f"DELETE FROM {table} WHERE job_id = ?", gone)  # noqa: S608 - the same
    return len(kept), len(jobs)


def report(module: str, session: Path, chosen: int, every: int) -> None:
    with sqlite3.connect(session) as database:
        rows = list(
            database.execute(
                "SELECT r.test_outcome, r.output, s.start_pos_row, s.operator_name, r.diff FROM work_results r "
                "JOIN mutation_specs s USING (job_id) WHERE r.worker_outcome = 'NORMAL' ORDER BY s.start_pos_row"
            )
        )
    survived = [row for row in rows if row[0] == "SURVIVED"]
    late = sum(1 for row in rows if row[1] == "timeout")
    killed = sum(1 for row in rows if row[0] == "KILLED") - late
    told = f"{killed} noticed, {late} ran out of time, {len(survived)} survived"
    print(f"{module}: {told}; {len(rows)} of {every} tried ({chosen} chosen)", flush=True)
    for _, _, line, operator, diff in survived:
        print(f"  lms_bridge/{module}:{line} {operator}")
        for text in str(diff).splitlines():
            if text[:1] in "+-" and text[:3] not in ("+++", "---"):
                print(f"    {text}")


if __name__ == "__main__":
    main()
