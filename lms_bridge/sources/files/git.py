"""Rewritten files → a branch of the Git repository that the content folder is checked out from.

By Git's own plumbing with an index of its own: neither the working tree nor what is staged there is touched, and no
hook of the repository runs.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lms_bridge.connector import Rewrite
from lms_bridge.errors import ContentError, UsageError

_DEADLINE = 60
"""Seconds for each call. Plumbing takes far less; a repository on a share that hangs must not hang us."""
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")
_OURS = {"NAME": "lms-bridge", "EMAIL": "lms-bridge@localhost"}


def checkout_of(folder: Path) -> Path | None:
    """The top of the checkout that a folder is part of. None without one, or without Git."""
    try:
        found = _run(folder, "rev-parse", "--show-toplevel")
    except FileNotFoundError:
        return None
    return Path(os.fsdecode(found.stdout.rstrip(b"\n"))).resolve() if found.returncode == 0 else None


def commit_to_branch(top: Path, files: Sequence[Rewrite], branch: str, message: str) -> bool:
    """Commit the files on a new branch that starts from what is checked out. False when it holds just that already.

    Raises ContentError for a file with changes that are not committed, UsageError for a branch that holds other things.
    """
    if _run(top, "check-ref-format", "--branch", branch).returncode != 0:
        raise UsageError(f"{branch!r} cannot be the name of a branch.", where="--branch", next_step="Name another one.")
    paths = {file: (file.folder / file.path).resolve().relative_to(top).as_posix() for file in files}
    for file, path in paths.items():
        if _git(top, "status", "--porcelain", "--ignored", "--", path):
            cause = "has changes that are not committed."
            step = "Commit them first, or pull with --write or --patch."
            raise ContentError(cause, where=file.name, next_step=step)
    tree = _tree(top, paths)
    ref = f"refs/heads/{branch}"
    there = _run(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{tree}}")
    if there.returncode == 0:
        if there.stdout.strip() == tree:
            return False
        step = "Merge it or delete it first, or name another one with --branch."
        raise UsageError(f"the branch {branch} is there already and holds something else.", next_step=step)
    commit = _git(top, "commit-tree", os.fsdecode(tree), "-p", "HEAD", "-m", message, also=_author(top)).strip()
    # The last word: only if nobody made it meanwhile.
    _git(top, "update-ref", ref, os.fsdecode(commit), "")
    return True


def _tree(top: Path, paths: Mapping[Rewrite, str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        _git(top, "read-tree", "HEAD", also=index)
        for file, path in paths.items():
            mode = _git(top, "ls-files", "--stage", "--", path, also=index)[:6] or b"100644"
            blob = _git(top, "hash-object", "-w", "--stdin", "--path", path, given=file.after).strip()
            entry = f"{os.fsdecode(mode)},{os.fsdecode(blob)},{path}"
            _git(top, "update-index", "--add", "--cacheinfo", entry, also=index)
        return _git(top, "write-tree", also=index).strip()


def _author(top: Path) -> dict[str, str]:
    """A service has no name of its own: Git would refuse to commit."""
    if _run(top, "var", "GIT_AUTHOR_IDENT").returncode == 0:
        return {}
    return {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _OURS.items()}


def _git(top: Path, *words: str, given: bytes = b"", also: Mapping[str, str] | None = None) -> bytes:
    done = _run(top, *words, given=given, also=also)
    if done.returncode != 0:
        told = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason was given"])[0]
        step = "See to the repository, or pull with --write or --patch."
        raise ContentError(f"`git {words[0]}` refused: {told}.", where=str(top), next_step=step)
    return done.stdout


def _run(
    top: Path, *words: str, given: bytes = b"", also: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """What a caller's own Git work has set would lead ours astray. Raises FileNotFoundError without Git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env = {**kept, **(also or {}), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    # A file's name is no pattern, whatever signs it holds.
    command = ["git", "--literal-pathspecs", *_NO_HOOKS, *words]
    try:
        return subprocess.run(  # noqa: S603 - a list of words, no shell
            command, cwd=top, input=given, env=env, capture_output=True, timeout=_DEADLINE, check=False
        )
    except subprocess.TimeoutExpired as error:
        cause = f"`git {words[0]}` gave no answer within {_DEADLINE} seconds."
        raise ContentError(cause, where=str(top), next_step="See to the disk, and pull again.") from error
