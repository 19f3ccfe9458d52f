"""`check`: pre-flight of everything the config names, with what to do about each finding. Writes nothing."""

from typing import TYPE_CHECKING, Any

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption
from lms_bridge.cli.printing import print_json, say
from lms_bridge.cli.sentences import FAILED, UNREACHABLE, problem_fields, sentence

if TYPE_CHECKING:
    from lms_bridge.connector import Finding

_SIGNS = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}


def check(context: typer.Context, config: ConfigOption = None, output: OutputOption = Output.TEXT) -> None:
    """Look at content, functions, permissions, fields and activities before the first sync."""
    from lms_bridge.bridge import check as findings_of
    from lms_bridge.cli.options import load
    from lms_bridge.sync.report_text import cell

    findings = list(findings_of(load(context, config)))
    if output is Output.JSON:
        print_json({"schema_version": 1, "findings": [_fields(name, finding) for name, finding in findings]})
    elif output is Output.MARKDOWN:
        say("| | where | finding |")
        say("|---|---|---|")
        for name, finding in findings:
            say(f"| {finding.level.value} | {name} | {cell(_words(finding))} |")
    else:
        for name, finding in findings:
            say(finding_line(finding, name))
    errors, warnings = (sum(found.level.value == level for _, found in findings) for level in ("error", "warning"))
    if output is Output.TEXT:
        say(_verdict(errors, warnings, len(findings)))
    if any(finding.unreachable for _, finding in findings):
        raise typer.Exit(UNREACHABLE)
    raise typer.Exit(FAILED if errors else 0)


def _verdict(errors: int, warnings: int, findings: int) -> str:
    from lms_bridge.sync.report_text import counted

    warned = counted(warnings, "warning")
    if errors:
        return f"{counted(errors, 'error')}{f' and {warned}' if warnings else ''} in {counted(findings, 'finding')}."
    return f"Nothing is wrong; {warned} to look at." if warnings else "All is well."


def finding_line(finding: "Finding", name: str = "") -> str:
    place = f"{name}: " if name else ""
    return f"{_SIGNS[finding.level.value]} {place}{_words(finding)}"


def _words(finding: "Finding") -> str:
    return finding.what if finding.problem is None else f"{finding.what}: {sentence(finding.problem)}"


def _fields(name: str, finding: "Finding") -> dict[str, Any]:
    problem = problem_fields(finding.problem) if finding.problem is not None else None
    return {"connector": name, "level": finding.level.value, "what": finding.what, "problem": problem}
