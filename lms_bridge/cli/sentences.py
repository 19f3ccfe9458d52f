"""Errors → sentences and exit codes, in one place. No traceback for what a person can mend."""

import itertools
import logging
from collections.abc import Iterable
from typing import Any

import click
import typer
from typer.core import TyperGroup

from lms_bridge.errors import BridgeError, ConfigError, Problem, Unreachable

USAGE = 2
FAILED = 1
UNREACHABLE = 6
INTERRUPTED = 130


class SentencesGroup(TyperGroup):
    """Runs a command and says what went wrong on standard error; in JSON mode on standard output as well."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            told = error.problems
            code = USAGE
        except Unreachable as error:
            told, code = (error.problem,), UNREACHABLE
        except BridgeError as error:
            told, code = (error.problem,), FAILED
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        logging.getLogger(__name__).debug("the command ended with an error", exc_info=True)
        tell(told)
        if _wants_json():
            from lms_bridge.cli.options import print_json

            print_json({"schema_version": 1, "problems": [problem_fields(problem) for problem in told]})
        raise typer.Exit(code)


def tell(problems: Iterable[Problem]) -> None:
    for problem in problems:
        typer.echo(sentence(problem), err=True)


def sentence(problem: Problem) -> str:
    """One line: place, cause, next step. Control characters from outside cannot forge further lines."""
    return "".join(character if character.isprintable() else " " for character in str(problem))


def problem_fields(problem: Problem) -> dict[str, str]:
    return {"cause": problem.cause, "where": problem.where, "next_step": problem.next_step}


def _wants_json() -> bool:
    import sys

    words = sys.argv[1:]
    spelled = {"--output=json", "-ojson"} & set(words)
    pairs = set(itertools.pairwise(words))
    return bool(spelled or {("--output", "json"), ("-o", "json")} & pairs)
