"""`demo` and `sandbox`: the first commands that anybody types."""

import json
import socket
import sys
from pathlib import Path

import pytest

from lms_bridge.cli import main
from tests.cli.conftest import free_ports


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["lms-bridge", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_demo_pushes_the_whole_example_and_a_second_one_finds_nothing_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    port = str(free_ports())
    code, out, err = run(monkeypatch, capsys, "demo", "--once", "--output", "json", "--port", port)
    assert code == 0, err
    first = json.loads(out)["summary"]
    assert first["created"] == 2 * (18 + 10 + 209 + 3), "pages, prompts that are due, reviews and ratings, twice"
    assert first["failed"] == first["conflicts"] == 0
    code, out, err = run(monkeypatch, capsys, "demo", "--once", "--output", "json", "--port", port)
    assert code == 0, err
    again = json.loads(out)["summary"]
    assert again["unchanged"] == first["created"]
    assert again["created"] == again["updated"] == again["deleted"] == again["adopted"] == 0


def test_the_demo_tells_what_stands_where_and_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    port = free_ports()
    _, out, _ = run(monkeypatch, capsys, "demo", "--once", "--port", str(port))
    assert "The same once more: 0 writes." in out
    assert f"http://127.0.0.1:{port}/" in out
    assert f"https://127.0.0.1:{port + 1}/sites/learning" in out
    for words in ("DS-101   7 pages, 3 prompts, 1 rating, 70 reviews", "“After the drill” in IS-110 until 2027-01-18"):
        assert out.count(words) == 2, "once for each destination"


def test_init_writes_a_folder_to_start_from_and_nothing_over_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(monkeypatch, capsys, "init", "here")
    assert code == 0
    assert "lms-bridge sandbox" in out
    assert run(monkeypatch, capsys, "init", "there")[0] == 0
    named = [
        line
        for folder in ("here", "there")
        for line in (tmp_path / folder / "connectors.yaml").read_text().splitlines()
        if line.startswith("installation: ")
    ]
    assert len(set(named)) == 2, "no two installations have one name"
    assert (tmp_path / "here" / "connectors.schema.json").is_file()
    (tmp_path / "here" / "connectors.yaml").write_text("mine\n")
    code, _, err = run(monkeypatch, capsys, "init", "here")
    assert code == 1
    assert "nothing was written" in err
    assert (tmp_path / "here" / "connectors.yaml").read_text() == "mine\n"


def test_a_port_that_is_taken_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        code, _, err = run(monkeypatch, capsys, "demo", "--once", "--port", str(holder.getsockname()[1]))
    assert code == 1
    assert "is taken" in err
    assert "--port" in err
