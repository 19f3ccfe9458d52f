"""`setup moodle` and `setup sharepoint`: what an administrator does once, printed or done."""

from typing import TYPE_CHECKING, Annotated

import typer

from lms_bridge.cli.check import finding_line
from lms_bridge.cli.options import ConfigOption
from lms_bridge.cli.printing import say, say_text
from lms_bridge.errors import BridgeError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from lms_bridge.config.load import Config

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Prepare a destination: what an administrator does once."
)

DestinationOption = Annotated[
    str | None, typer.Option("--destination", help="Which destination of the config; needed when there are several.")
]


@app.command("moodle")
def moodle(
    script: Annotated[bool, typer.Option("--script", help="Print the PHP script instead of the steps.")] = False,
    courses: Annotated[
        str | None, typer.Option(help="Reach only these courses: ID numbers with commas between them.")
    ] = None,
    provision: Annotated[
        bool, typer.Option("--provision", help="Also allow lms-bridge to fill courses from the template course.")
    ] = False,
) -> None:
    """Print the exact steps, functions and capabilities for Moodle, or the script that takes them."""
    from lms_bridge.errors import UsageError
    from lms_bridge.moodle.setup import Reach, script_text, steps

    if script and (courses is not None or provision):
        raise UsageError(
            "--script prints one script for all sites: --courses and --provision would change nothing in it.",
            next_step="Print it with --script alone, and give these options to the script when it is run.",
        )
    if script:
        say_text(script_text())
        return
    names = tuple(name.strip() for name in (courses or "").split(",") if name.strip())
    say_text(steps(Reach(courses=names, provision=provision)))


@app.command("sharepoint")
def sharepoint(
    context: typer.Context,
    config: ConfigOption = None,
    destination: DestinationOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made; make nothing.")] = False,
    grants: Annotated[bool, typer.Option("--grants", help="Print the grants to ask for; call nothing.")] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="Try on the real site what no document settles, and clean up after.")
    ] = False,
) -> None:
    """Make the lists and columns that lms-bridge writes to, with a permission that only this step needs."""
    from lms_bridge.cli.options import load
    from lms_bridge.sharepoint.settings import SharePointSettings
    from lms_bridge.sharepoint.setup import instructions, provision

    loaded = load(context, config, without_secrets=grants)
    settings = _settings(loaded, "sharepoint", destination)
    assert isinstance(settings, SharePointSettings), "the sharepoint connector's own model"
    if grants:
        for line in instructions(settings):
            say(line)
        return
    if probe:
        from lms_bridge.sharepoint.probe import probe as findings_of

        findings = findings_of(settings, loaded.folder)
    else:
        findings = provision(settings, loaded.folder, dry_run=dry_run)
    errors = False
    for finding in findings:
        errors = errors or finding.level.value == "error"
        say(finding_line(finding))
    raise typer.Exit(1 if errors else 0)


def _settings(config: "Config", connector: str, destination: str | None) -> "BaseModel":
    """The settings of the named destination, or of the only one of this connector."""
    found = {name: opening for name, opening in config.destinations.items() if opening.connector.name == connector}
    if destination is not None:
        found = {name: opening for name, opening in found.items() if name == destination}
    if len(found) == 1:
        return next(iter(found.values())).settings
    known = ", ".join(found) or "none"
    raise BridgeError(
        f"which {connector} destination is meant? {config.file} has {known}.",
        where=config.file,
        next_step="Name one: `--destination NAME`.",
    )
