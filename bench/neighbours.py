"""vdirsyncer and octoDNS on as much as we are given, where nothing changed."""

from pathlib import Path

from bench.process import Cost, cost_of

_BIN = Path(__file__).parent.parent / ".venv" / "bench" / "bin"
_VDIR = """\
[general]
status_path = "{folder}/status/"
[pair both]
a = "one"
b = "other"
collections = ["all"]
[storage one]
type = "filesystem"
path = "{folder}/one/"
fileext = ".ics"
[storage other]
type = "filesystem"
path = "{folder}/other/"
fileext = ".ics"
"""
_EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:item-{number}
SUMMARY:Item {number}
DTSTART:20260302T090000Z
DTEND:20260302T100000Z
END:VEVENT
END:VCALENDAR
"""
_OCTO = """\
providers:
  config: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/wanted, enforce_order: false}}
  there: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/standing, enforce_order: false}}
manager: {{max_workers: 2}}
zones:
"""


def vdirsyncer(folder: Path, items: int) -> tuple[Path, list[str | Path]]:
    """Two folders of one file an item, in step: where to run, and the command."""
    (folder / "one" / "all").mkdir(parents=True)
    (folder / "other" / "all").mkdir(parents=True)
    (folder / "config").write_text(_VDIR.format(folder=folder), encoding="utf-8")
    for number in range(items):
        (folder / "one" / "all" / f"item-{number}.ics").write_text(_EVENT.format(number=number), encoding="utf-8")
    command: list[str | Path] = [_BIN / "vdirsyncer", "-v", "WARNING", "-c", folder / "config"]
    _well(cost_of([*command, "discover", "both"], folder))
    _well(cost_of([*command, "sync"], folder))
    return folder, [*command, "sync"]


def octodns(folder: Path, records: int, zones: int) -> tuple[Path, list[str | Path]]:
    """YAML on both sides, in step."""
    config = [_OCTO.format(folder=folder)]
    for side in ("wanted", "standing"):
        (folder / side).mkdir(parents=True)
    for zone in range(zones):
        config.append(f"  zone{zone}.example.: {{sources: [config], targets: [there]}}\n")
        per_zone = records // zones
        rows = [f"r{n}: {{type: A, value: 192.0.2.{n % 250 + 1}}}\n" for n in range(per_zone)]
        for side in ("wanted", "standing"):
            (folder / side / f"zone{zone}.example.yaml").write_text("---\n" + "".join(rows), encoding="utf-8")
    (folder / "config.yaml").write_text("".join(config), encoding="utf-8")
    return folder, [_BIN / "octodns-sync", "--quiet", "--config-file", folder / "config.yaml"]


def run(where: Path, command: list[str | Path]) -> Cost:
    return _well(cost_of(command, where))


def _well(cost: Cost) -> Cost:
    if cost.exit_code != 0:
        raise RuntimeError(cost.output[-2000:])
    return cost
