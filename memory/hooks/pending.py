"""Sessions that are to be stored: a note of each, and the one process that works them off.

To store a session takes seconds, for which no agent waits: a process of its own does it, never two
at once, which ends when no session is left.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from remem.folders import pending_folder

_QUIET_SECONDS = 1800
"""A session that nobody ends is over when nothing was said for so long."""

_PROBLEM = "problem"


def note(transcript: Any, options: Mapping[str, str], *, is_over: bool) -> None:
    """Note that a session is to be stored: now, or once it is over."""
    if not isinstance(transcript, str) or not transcript:
        return
    folder = pending_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    noted = {"path": transcript, "options": dict(options), "is_over": is_over}
    text = json.dumps(noted, sort_keys=True)
    name = hashlib.sha256(f"{transcript}\n{options.get('store')}".encode()).hexdigest()[:32]
    new = folder / f".{name}.{os.getpid()}"
    new.write_text(text, "utf-8")
    new.replace(folder / f"{name}.json")


def due() -> list[tuple[Path, Mapping[str, Any]]]:
    """The notes of sessions that are over; what is no note is removed."""
    result = []
    for file in sorted(pending_folder().glob("*.json")):
        try:
            noted = json.loads(file.read_text("utf-8"))
            if noted["is_over"] or _is_quiet(Path(noted["path"])):
                result.append((file, noted))
        except (ValueError, KeyError, TypeError):
            file.unlink(missing_ok=True)
        except OSError:
            continue
    return result


def _is_quiet(transcript: Path) -> bool:
    try:
        return time.time() - transcript.stat().st_mtime > _QUIET_SECONDS
    except OSError:
        return True  # it is gone, and so is its note


def start() -> None:
    """Start the process that stores sessions, if there is any to store and none at it."""
    if not due():
        return
    with locked() as mine:
        if not mine:
            return
    import subprocess

    subprocess.Popen(
        [sys.executable, "-m", "remem", "hook", "store"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=Path.home(),
    )


@contextmanager
def locked() -> Iterator[bool]:
    """True if no other process stores sessions; none begins to in the block then."""
    with (pending_folder() / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def tell(problem: str) -> None:
    """Leave a sentence for the next session to begin; an empty one: there is nothing to tell."""
    file = pending_folder() / _PROBLEM
    if problem:
        file.write_text(problem, "utf-8")
    else:
        file.unlink(missing_ok=True)


def problem() -> str:
    """The sentence that was left, empty if there is none."""
    try:
        return (pending_folder() / _PROBLEM).read_text("utf-8")
    except OSError:
        return ""
