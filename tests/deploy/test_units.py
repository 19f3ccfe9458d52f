"""The units for systemd are understood by it, are as closed as is written down, and start what there is."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.deploy_files import DEPLOY, ROOT, UNITS, unit
from tests.test_docs import parse

PROGRAM = "/opt/lms-bridge/bin/lms-bridge"
STATED = re.search(
    r"`systemd-analyze security` gives them is (\d+\.\d)", (ROOT / "docs/deploying.md").read_text("utf-8")
)

systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60)


def name(path: Path) -> str:
    return path.name


@systemd
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    program = tmp_path / "lms-bridge"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for path in (DEPLOY / "systemd").iterdir():
        # What it names need not be installed here.
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace(PROGRAM, str(program)), encoding="utf-8")
    told = analyze("verify", *map(str, sorted(tmp_path.glob("lms-bridge*.*"))))
    assert (told.returncode, told.stderr) == (0, "")


@systemd
@pytest.mark.parametrize("path", UNITS, ids=name)
def test_a_unit_is_no_more_exposed_than_is_written_down(path: Path) -> None:
    assert STATED is not None
    told = analyze("security", "--offline=yes", "--threshold=20", str(path))
    assert told.returncode == 0, told.stdout
    score = re.search(r"exposure level for .*: (\d+\.\d)", told.stdout)
    assert score is not None
    # Another version weighs other things; none of them lets go of what this one closes.
    if "systemd 252" in analyze("--version").stdout:
        assert score[1] == STATED[1]


@pytest.mark.parametrize("path", UNITS, ids=name)
def test_a_unit_starts_what_the_command_line_knows(path: Path) -> None:
    (line,) = unit(path)["ExecStart"]
    program, *_ = shlex.split(line)
    assert program == PROGRAM
    parse(line)


def test_the_units_are_closed_alike() -> None:
    """What one of them may not do, none of them may."""
    closed = [path.read_text("utf-8").partition("\nUMask=")[2].partition("\n\n")[0].strip() for path in UNITS]
    assert closed == [closed[0]] * len(UNITS)
    assert all(unit(path)["StateDirectory"] == ["lms-bridge"] for path in UNITS)
    assert len({tuple(unit(path)["LoadCredential"]) for path in UNITS}) == 1


def test_what_a_unit_is_given_is_what_the_documentation_names() -> None:
    page = (ROOT / "docs/deploying.md").read_text("utf-8")
    for given in unit(UNITS[0])["LoadCredential"]:
        credential, _, path = given.partition(":")
        assert f"${{credential:{credential}}}" in page
        assert path in page


def test_every_unit_that_another_names_is_there() -> None:
    for path in (DEPLOY / "systemd").iterdir():
        named = re.findall(r"^(?:OnSuccess|OnFailure|Unit)=(lms-bridge\S*)", path.read_text("utf-8"), re.M)
        assert all((DEPLOY / "systemd" / other).is_file() for other in named)
    assert (DEPLOY / "systemd" / "lms-bridge-sync.service").is_file()  # The timer's, by its name.
