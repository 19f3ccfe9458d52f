"""`setup moodle` and `setup sharepoint`: what an administrator does once, printed or done."""

from typing import Annotated

import typer

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
    from lms_bridge.moodle.setup import Reach, script_text, steps

    if script:
        typer.echo(script_text(), nl=False)
        return
    names = tuple(name.strip() for name in (courses or "").split(",") if name.strip())
    typer.echo(steps(Reach(courses=names, provision=provision)), nl=False)
