"""`pull` takes what people changed at a destination back into the content folder."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lms_bridge.cli.options import ConfigOption, OnlyOption, Output, OutputOption, RouteOption
from lms_bridge.cli.printing import print_json, say

if TYPE_CHECKING:
    from lms_bridge.connector import Rewrite
    from lms_bridge.sync.pull import Pull

BRANCH = "lms-bridge-pull"


def pull(
    context: typer.Context,
    config: ConfigOption = None,
    only: OnlyOption = None,
    route: RouteOption = None,
    branch: Annotated[
        str | None,
        typer.Option("--branch", metavar="NAME", help=f"Commit to this new branch.  [default: {BRANCH}]"),
    ] = None,
    patch: Annotated[Path | None, typer.Option("--patch", metavar="FILE", help="Write a patch instead.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Change the files themselves.")] = False,
    dry: Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Take what people changed at the destinations back into the content folder, as Markdown.

    In a Git checkout it becomes a branch; elsewhere the files themselves change.
    """
    from lms_bridge.errors import UsageError

    if sum((branch is not None, patch is not None, write, dry)) > 1:
        step = "Choose one of --branch, --patch, --write and --plan."
        raise UsageError("two ways to take words back are named.", next_step=step)
    found = _pulled(context, config, only or (), route or ())
    files = list({(file.folder, file.path): file for each in found for file in each.files}.values())
    where = _land(files, branch=branch, patch=patch, write=write, dry=dry)
    _show(found, files, where, output)
    raise typer.Exit(_exit_code(found))


def _pulled(context: typer.Context, config: Path | None, only: Sequence[str], routes: Sequence[str]) -> "list[Pull]":
    from dataclasses import replace

    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.connector import Source
    from lms_bridge.sync.pull import pull as pull_route
    from lms_bridge.sync.reviewed import nothing_meant

    found: list[Pull] = []
    # What one destination gave back stands in the source when the next one is asked.
    as_it_is: dict[str, Source] = {}
    with open_bridge(load(context, config), only_routes=routes) as bridge:
        for each in bridge.routes:
            source = as_it_is.get(each.source.name, each.source)
            pulled = pull_route(replace(each, source=source), bridge.state, now=datetime.now(UTC), only=only)
            as_it_is[each.source.name] = pulled.source
            found.append(pulled)
    if only and not any(pulled.selected or pulled.failures for pulled in found):
        raise nothing_meant(only)
    return found


def _land(files: "Sequence[Rewrite]", *, branch: str | None, patch: Path | None, write: bool, dry: bool) -> str:
    """Put the files where they are wanted, and say where that is."""
    from lms_bridge.errors import UsageError
    from lms_bridge.sources.files.git import checkout_of, commit_to_branch
    from lms_bridge.sources.files.landing import patch as patch_of
    from lms_bridge.sources.files.landing import write_files

    if not files or dry:
        return ""
    tops = {file.folder: checkout_of(file.folder) for file in files}
    if patch is not None:
        content = b"".join(patch_of([file], tops[file.folder]) for file in files)
        try:
            patch.write_bytes(content)
        except OSError as error:
            raise UsageError(f"the file cannot be written ({error.strerror}).", where=str(patch)) from error
        return f"Written to {patch}: apply it with `git apply`, then sync."
    if write or (branch is None and not any(tops.values())):
        write_files(files)
        return "The files are changed; look at them, then sync."
    name = branch or BRANCH
    told = []
    for folder, top in tops.items():
        if top is None:
            step = "Pull with --write or --patch."
            raise UsageError("the content folder is no Git checkout.", where=str(folder), next_step=step)
        own = [file for file in files if file.folder == folder]
        new = commit_to_branch(top, own, name, _message(own))
        told.append(
            f"{'Committed to' if new else 'It is all in'} the branch {name}"
            f"{'' if new else ' already'}: `git merge {name}`, then sync."
        )
    return " ".join(told)


def _message(files: "Sequence[Rewrite]") -> str:
    return "What people changed in the learning platforms\n\n" + "\n".join(file.path.as_posix() for file in files)


def _show(found: "Sequence[Pull]", files: "Sequence[Rewrite]", where: str, output: Output) -> None:
    from lms_bridge.cli.sentences import tell
    from lms_bridge.sync.pull import told

    if output is Output.JSON:
        print_json(_document(found, files, where))
    else:
        for each in found:
            for taken in each.taken:
                say(f"{each.route}: “{taken.title}” → {taken.file}")
            for line in told(each.left):
                say(f"{each.route}: left {line}")
        if not files and not any(each.failures or each.left for each in found):
            say("Nothing to take back.")
        if where:
            say(where)
    for each in found:
        tell(failure.problem for failure in each.failures)


def _document(found: "Sequence[Pull]", files: "Sequence[Rewrite]", where: str) -> dict[str, Any]:
    from lms_bridge.sync.report import failure_rows

    return {
        "schema_version": 1,
        "routes": [
            {
                "route": each.route,
                "taken": [{"key": taken.key, "title": taken.title, "file": taken.file} for taken in each.taken],
                "left": [
                    {"key": key, "reason": problem.cause, "next_step": problem.next_step.replace("KEY", key)}
                    for key, problem in each.left.items()
                ],
            }
            for each in found
        ],
        "files": [file.name for file in files],
        "done": where,
        "failures": failure_rows(failure for each in found for failure in each.failures),
    }


def _exit_code(found: "Sequence[Pull]") -> int:
    from lms_bridge.sync.report import CONFLICT, DONE, FAILED, UNREACHABLE

    if any(each.unreachable for each in found):
        return UNREACHABLE
    if any(each.failures for each in found):
        return FAILED
    return CONFLICT if any(each.left for each in found) else DONE
