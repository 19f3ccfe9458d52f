"""What is shown of a config holds no secret, however somebody wrote one into it by a slip."""

from pathlib import Path

import pytest

from lms_bridge.config.effective import MASK, effective

CONFIG = """\
version: 1
sources: {{p: {{type: files, path: content}}}}
destinations:
  m: {{type: moodle, url: "https://moodle.example", token: "${{env:MOODLE_TOKEN}}"}}
routes: {{r: {{from: p, to: m}}}}
{}
"""


def shown(folder: Path, lines: str) -> str:
    path = folder / "connectors.yaml"
    path.write_text(CONFIG.format(lines), encoding="utf-8")
    return "\n".join(line.text for line in effective(path).lines)


@pytest.mark.parametrize(
    "lines",
    [
        "more: {type: moodle, token: f00dfeed}",
        "more: {token: '${env:TOKEN}', secret: \"a, f00dfeed\"}",
        "more: {token:\n  f00dfeed}",
        "more: [{password: 'x\n  f00dfeed'}]",
        "state: postgresql://bridge:pa/f00dfeed@db/lms",
        "state: postgresql://bridge:p@f00dfeed@db/lms",
        "# url: https://hooks.example.org/x?v=1&sig=f00dfeed",
        "notifications: [{type: teams, url: 'https://hooks.example.org/f00dfeed'}]",
        "notifications:\n  - type: teams\n    url: >-\n      https://hooks.example.org/\n      f00dfeed",
    ],
)
def test_a_secret_that_is_written_out_is_not_shown(tmp_path: Path, lines: str) -> None:
    told = shown(tmp_path, lines)
    assert "f00dfeed" not in told
    assert MASK in told


def test_what_is_no_secret_is_shown_as_it_is_written(tmp_path: Path) -> None:
    lines = "notifications:\n  - {type: teams, url: '${env:HOOK}', name: staff}\n  - type: teams\n    url: ${env:OTHER}"
    assert shown(tmp_path, lines) == CONFIG.format(lines).rstrip("\n")
