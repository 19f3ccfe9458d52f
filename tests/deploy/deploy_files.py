"""The files of deploy/ as their readers take them: units, compose services and pods, each with what it runs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CONFIGS = {
    "container": DEPLOY / "container" / "connectors.yaml",
    "kubernetes": DEPLOY / "kubernetes" / "connectors.yaml",
}


def unit(path: Path) -> dict[str, list[str]]:
    """What stands in `[Service]`, each key with all its values."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text(encoding="utf-8"))
    return found


def containerfile() -> dict[str, list[str]]:
    """The last stage: each instruction with all its values; lines that go on are one."""
    text = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")
    last = re.split(r"^FROM ", text, flags=re.M)[-1].replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in last.splitlines()[1:]:
        if line and not line.startswith("#"):
            instruction, _, value = line.partition(" ")
            found.setdefault(instruction, []).append(value.strip())
    return found


def manifests() -> Iterator[dict[str, Any]]:
    for name in ("deployment.yaml", "cronjob.yaml"):
        yield from yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text(encoding="utf-8"))


def pods() -> dict[str, dict[str, Any]]:
    found = {}
    for manifest in manifests():
        spec = manifest["spec"]
        if manifest["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            found[manifest["kind"]] = spec["template"]["spec"]
    return found


def bridge_in(pod: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in pod["containers"] if each["name"] == "lms-bridge")


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Each `lms-bridge …` that a file starts, with the file."""
    for path in UNITS:
        for line in unit(path)["ExecStart"]:
            yield path.name, line.split()
    image = containerfile()
    entry = json.loads(image["ENTRYPOINT"][0])
    yield "Containerfile", [*entry, *json.loads(image["CMD"][0])]
    for kind, pod in pods().items():
        yield kind, [*entry, *bridge_in(pod)["args"]]
