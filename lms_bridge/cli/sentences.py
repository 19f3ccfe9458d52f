"""Errors → sentences and exit codes, in one place. No traceback for what a person can mend."""

import itertools
import logging
import sys
from collections.abc import Callable, Iterable

from lms_bridge.errors import BridgeError, ConfigError, Problem, Unreachable, UsageError

USAGE = 2
FAILED = 1
UNREACHABLE = 6
INTERRUPTED = 130


def told(run: Callable[[], None]) -> None:
    """Run the command line; say what went wrong on standard error, and in JSON mode on standard output as well."""
    try:
        run()
    except BridgeError as error:
        logging.getLogger(__name__).debug("the command ended with an error", exc_info=True)
        problems = error.problems if isinstance(error, ConfigError) else (error.problem,)
        tell(problems)
        if _wants_json():
            from lms_bridge.cli.options import print_json

            print_json({"schema_version": 1, "problems": [problem_fields(problem) for problem in problems]})
        sys.exit(_code_of(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _code_of(error: BridgeError) -> int:
    match error:
        case ConfigError() | UsageError():
            return USAGE
        case Unreachable():
            return UNREACHABLE
        case _:
            return FAILED


def tell(problems: Iterable[Problem]) -> None:
    for problem in problems:
        print(sentence(problem), file=sys.stderr)


def sentence(problem: Problem) -> str:
    """One line: place, cause, next step. Control characters from outside cannot forge further lines."""
    return "".join(character if character.isprintable() else " " for character in str(problem))


def problem_fields(problem: Problem) -> dict[str, str]:
    return {"cause": problem.cause, "where": problem.where, "next_step": problem.next_step}


def _wants_json() -> bool:
    words = sys.argv[1:]
    spelled = {"--output=json", "-ojson"} & set(words)
    pairs = set(itertools.pairwise(words))
    return bool(spelled or {("--output", "json"), ("-o", "json")} & pairs)
