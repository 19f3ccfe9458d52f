"""The options that several commands share, and the form of what they print."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from lms_bridge.config.load import Config


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class LogFormat(StrEnum):
    LINES = "lines"
    JSON = "json"


ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="The config file.  [default: connectors.yaml]", show_default=False)
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="SELECTION", help="course:ID, page:…, prompt:…, review:…, rating:… or a KEY. May be repeated."
    ),
]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="text for people, json for programs.")]
RouteOption = Annotated[
    list[str] | None, typer.Option("--route", metavar="NAME", help="Only this route. May be repeated.")
]


def config_path(context: typer.Context, given: Path | None) -> Path:
    """`lms-bridge --config F plan` and `lms-bridge plan --config F` mean the same."""
    path = given or context.find_root().obj or Path("connectors.yaml")
    return Path(path)


def load(context: typer.Context, given: Path | None, *, without_secrets: bool = False) -> "Config":
    from lms_bridge.cli.log import hide_in_log
    from lms_bridge.config.load import load_config
    from lms_bridge.config.secrecy import secrets_of

    loaded = load_config(config_path(context, given), without_secrets=without_secrets)
    hide_in_log(secrets_of(loaded))
    return loaded


def console(*, stderr: bool = False) -> "Console":
    """Colours and wrapping only on a terminal: in a pipe each line stays whole."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 100_000
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True, width=width)
