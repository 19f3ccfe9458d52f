"""Mutation testing: a small mistake is made in the code, and a test must notice. `make mutation`, on demand.

Runs in a copy of the checked-in files. ARGS: names of modules below `lms_bridge/` (all of TABLE unless told), `--share`
of their mutants, drawn with a fixed seed, and `--minutes` for each module.
"""

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TABLE = {
    "sync/decision.py": "tests/sync/test_decision.py",
    "sync/limits.py": "tests/sync/test_engine.py",
    "sync/merging.py": "tests/sync/test_in_the_source.py tests/sync/test_drift.py",
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
timeout = 60.0
excluded-modules = []
test-command = "{python} -m pytest -n0 -x -q -p no:cacheprovider {tests}"
[cosmic-ray.distributor]
name = "local"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(TABLE), choices=[*TABLE, []], metavar="MODULE")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--minutes", type=float, default=60.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        for name in names.decode().split("\0")[:-1]:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
        for module in asked.modules:
            run(copy, module, asked.share, asked.minutes)


def run(copy: Path, module: str, share: float, minutes: float) -> None:
    config, session = copy / "mutation.toml", copy / "mutation.sqlite"
    session.unlink(missing_ok=True)
    config.write_text(CONFIG.format(module=module, tests=TABLE[module], python=sys.executable), encoding="utf-8")
    ray = str(Path(sys.executable).with_name("cosmic-ray"))
    env = {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    subprocess.run([ray, "init", str(config), str(session)], cwd=copy, env=env, check=True)
    chosen, every = draw(session, share)
    try:
        subprocess.run([ray, "exec", str(config), str(session)], cwd=copy, env=env, check=True, timeout=60 * minutes)
    except subprocess.TimeoutExpired:
        print(f"{module}: the time was over", flush=True)
        # What it was changing when it was stopped is changed still.
        shutil.copyfile(ROOT / "lms_bridge" / module, copy / "lms_bridge" / module)
    report(module, session, chosen, every)


def draw(session: Path, share: float) -> tuple[int, int]:
    """Keep a share of the mutants, the same each time."""
    with sqlite3.connect(session) as database:
        jobs = sorted(row[0] for row in database.execute("SELECT job_id FROM work_items"))
        order = dict(database.execute("SELECT job_id, module_path || start_pos_row || start_pos_col || operator_name || "
                                      "occurrence FROM mutation_specs"))  # fmt: skip
        jobs.sort(key=lambda job: str(order.get(job)))
        kept = set(random.Random(1).sample(jobs, max(1, round(share * len(jobs)))))  # noqa: S311 - a sample, no secret
        gone = [(job,) for job in jobs if job not in kept]
        for table in ("work_items", "mutation_specs"):
            database.executemany(f"DELETE FROM {table} WHERE job_id = ?", gone)  # noqa: S608 - our own two names
    return len(kept), len(jobs)


def report(module: str, session: Path, chosen: int, every: int) -> None:
    with sqlite3.connect(session) as database:
        rows = list(
            database.execute(
                "SELECT r.test_outcome, s.start_pos_row, s.operator_name, r.diff FROM work_results r "
                "JOIN mutation_specs s USING (job_id) ORDER BY s.start_pos_row"
            )
        )
    survived = [row for row in rows if str(row[0]).lower().endswith("survived")]
    print(f"{module}: {len(rows)} of {every} tried ({chosen} chosen), {len(survived)} survived", flush=True)
    for _outcome, line, operator, diff in survived:
        print(f"  line {line}, {operator}")
        for text in str(diff).splitlines():
            if text[:1] in "+-" and text[:3] not in ("+++", "---"):
                print(f"    {text}")


if __name__ == "__main__":
    main()
