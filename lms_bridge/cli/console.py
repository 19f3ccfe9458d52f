"""`console` says who may sign in to the console by password."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption, config_path
from lms_bridge.cli.printing import print_json, say
from lms_bridge.errors import UsageError

if TYPE_CHECKING:
    from lms_bridge.console.access.passwords import PasswordFile

app = typer.Typer(no_args_is_help=True, help="Say who may sign in to the console by password.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="How they sign in, for example ann.adler.")]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="The password file.  [default: console.passwords of the config]"),
]


@app.command("add-user")
def add_user(
    context: typer.Context,
    name: NameArgument,
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="viewer: looks. approver: decides and runs. admin: everything.")
    ],
    config: ConfigOption = None,
    file: FileOption = None,
) -> None:
    """Let somebody in, or give them another password or role. The password is asked, or read from standard input."""
    from lms_bridge.console.access.roles import role_of

    found = role_of(role)
    if found is None:
        raise UsageError(f"there is no role {role!r}.", where="--role", next_step="Use viewer, approver or admin.")
    passwords = _file(context, config, file)
    passwords.put(name, _password(), found)
    say(f"{name} may sign in as {found.word}: {passwords.path}")


@app.command("remove-user")
def remove_user(
    context: typer.Context, name: NameArgument, config: ConfigOption = None, file: FileOption = None
) -> None:
    """Let somebody in no more. Where they are signed in, that ends at their next step."""
    _file(context, config, file).remove(name)
    say(f"{name} may not sign in any more.")


@app.command("list-users")
def list_users(
    context: typer.Context, config: ConfigOption = None, file: FileOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Show who may sign in by password, and as what."""
    names = _file(context, config, file).names()
    if output is Output.JSON:
        users = [{"name": name, "role": role.word} for name, role in names.items()]
        print_json({"schema_version": 1, "users": users})
        return
    for name, role in names.items():
        say(f"{name}: {role.word}")
    if not names:
        say("Nobody.")


def _file(context: typer.Context, config: Path | None, file: Path | None) -> "PasswordFile":
    """The one that the console reads, unless told otherwise. Raises ConfigError."""
    from lms_bridge.config.load import load_config
    from lms_bridge.console.access.passwords import PasswordFile, beside

    path = config_path(context, config)
    if file is None and path.exists():
        loaded = load_config(path, without_secrets=True)
        return PasswordFile(loaded.folder / loaded.console.passwords)
    return PasswordFile(file if file is not None else beside(path))


def _password() -> str:
    """Never an argument: those are seen by everybody on the machine, and kept in a shell's history."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(2_000).rstrip("\r\n")
    import getpass

    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise UsageError("the two are not the same.", next_step="Try again.")
    return password
