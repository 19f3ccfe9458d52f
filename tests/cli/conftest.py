"""The command line on a small programme, with both sandboxes behind it."""

import json
import logging
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lms_bridge.cli import main
from lms_bridge.cli.trial import Trial, open_trial

ROOT = Path(__file__).parent.parent.parent
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000030802000000368849d6"
    "0000000c49444154789c6360606000000000040001f61738550000000049454e44ae426082"
)
SMALL = {
    "BIO/course.yaml": "title: Biology\n",
    "BIO/wiki/index.md": "# Biology\n\nStart with [[Cells]].\n",
    "BIO/wiki/cells.md": "# Cells\n\n[Plants](plants.md).\n\n![a cell](cell.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "BIO/wiki/plants.md": "---\nid: plants\n---\n# Plants\n\nGreen, mostly. Back to [[Cells]].\n",
    "BIO/wiki/cell.png": PNG,
    "BIO/prompts/why.md": "---\ntitle: Why green?\npublish: 2026-01-01\n---\nSee [[Plants]].\n",
    "BIO/prompts/later.md": "---\ntitle: Later\npublish: 2100-01-01\n---\nNot yet.\n",
    "BIO/ratings.csv": "rater,stars,comment,date\nAnn Adler,5,Good,2026-10-01\nBob Brandt,4,,2026-10-02\n",
    "CHE/course.yaml": "title: Chemistry\n",
    "CHE/wiki/acids.md": "# Acids\n\nSour. Not like [plants](../../BIO/wiki/plants.md).\n",
}


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """Somebody at a terminal, in a folder with a connectors.yaml whose sandboxes run."""

    folder: Path
    trial: Trial
    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    printed: list[str] = field(default_factory=list)

    def run(self, *words: str) -> Ran:
        self.patch.setattr(sys, "argv", ["lms-bridge", *words])
        self.patch.chdir(self.folder)
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        logging.getLogger("lms_bridge").handlers = []
        out, err = self.capsys.readouterr()
        self.printed += [out, err]
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    def write(self, name: str, text: str | bytes) -> None:
        path = self.folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def configure(self, old: str, new: str) -> None:
        path = self.folder / "connectors.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def moodle_calls(self) -> dict[str, int]:
        return dict(self.trial.pair.site.calls)

    def sharepoint_writes(self) -> int:
        calls = self.trial.pair.demo.tenant.calls
        return sum(count for name, count in calls.items() if not name.startswith("GET") and "$batch" not in name)


def free_ports() -> int:
    """A port whose neighbour is free as well."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return int(port)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    port = free_ports()
    text = (ROOT / "connectors.yaml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8801", f"127.0.0.1:{port}").replace("127.0.0.1:8802", f"127.0.0.1:{port + 1}")
    (tmp_path / "connectors.yaml").write_text(text, encoding="utf-8")
    for name, content in SMALL.items():
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with open_trial(tmp_path / "connectors.yaml", port=port, reset=False) as trial:
        yield Desk(tmp_path, trial, capsys, monkeypatch)
