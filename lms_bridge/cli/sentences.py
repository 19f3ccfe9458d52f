"""Errors → sentences and exit codes, in one place. No traceback for what a person can mend."""

import itertools
import logging
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from lms_bridge.cli.printing import harmless, print_json, say
from lms_bridge.errors import BridgeError, ConfigError, Problem, Trouble, Unreachable, UsageError

USAGE = 2
FAILED = 1
UNREACHABLE = 6
AWAY = 7
"""A store of secrets could not be asked: not a mistake in the config, and worth another try."""
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
            print_json({"schema_version": 1, "problems": [problem_fields(problem) for problem in problems]})
        sys.exit(_code_of(error))
    except KeyboardInterrupt:
        say("Stopped. What was done is kept; the next run goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        logging.getLogger(__name__).debug("the command ended with an unexpected error", exc_info=True)
        problem = _unexpected(error)
        tell((problem,))
        if _wants_json():
            print_json({"schema_version": 1, "problems": [problem_fields(problem)]})
        sys.exit(FAILED)


def _unexpected(error: Exception) -> Problem:
    """What broke and where, without the error's own words: they may quote what nobody should read."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    cause = f"an unexpected {type(error).__name__} stopped the command."
    return Problem(
        cause, where, "What was done is kept. Run `lms-bridge -v …` and report what it prints.", trouble=Trouble.MISTAKE
    )


def _code_of(error: BridgeError) -> int:
    match error:
        case ConfigError(passing=True):
            return AWAY
        case ConfigError() | UsageError():
            return USAGE
        case Unreachable():
            return UNREACHABLE
        case _:
            return FAILED


def tell(problems: Iterable[Problem]) -> None:
    for problem in problems:
        say(sentence(problem), err=True)


def sentence(problem: Problem) -> str:
    """One line: place, cause, next step. Control characters from outside cannot forge further lines."""
    return " ".join(harmless(str(problem)).split("\n"))


def problem_fields(problem: Problem) -> dict[str, str]:
    return {
        "cause": problem.cause,
        "where": problem.where,
        "next_step": problem.next_step,
        "trouble": problem.trouble.value,
    }


def _wants_json() -> bool:
    words = sys.argv[1:]
    spelled = {"--output=json", "-ojson"} & set(words)
    pairs = set(itertools.pairwise(words))
    return bool(spelled or {("--output", "json"), ("-o", "json")} & pairs)
