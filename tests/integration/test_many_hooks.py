"""Thousands of calls of hooks: none of them leaves a process, a connection or a file open.

``REMEM_HOOK_CALLS=10000 pytest -m slow tests/integration/test_many_hooks.py`` makes as many as a
year of sessions; without it there are fewer.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.agent_transcripts import DECIDED, claude_code
from tests.integration.test_hooks import (
    _hooks_running,
    called,
    filled,
    folder,
    home,
    serving,
    store,
    told,
    waited_for,
)

__all__ = ["filled", "folder", "home", "store"]  # fixtures

CALLS = int(os.environ.get("REMEM_HOOK_CALLS", "60"))
EVERY = 50  # calls to the end of a session
AT_ONCE = 3
WARM = 20


def opened() -> tuple[int, int, int]:
    """Numbers of files, connections and children that this process has, in which the server is."""
    me = psutil.Process()
    return len(me.open_files()), len(me.net_connections()), len(me.children(recursive=True))


@pytest.mark.slow
def test_nothing_is_left_of_thousands_of_calls(home: Path, folder: Path, filled: Path) -> None:
    path = claude_code(home, folder, "another")
    session = {"cwd": str(folder), "transcript_path": str(path), "source": "startup"}

    def call(number: int) -> None:
        if number % EVERY == 0:
            assert called("session-end", session, filled).returncode == 0
        else:
            assert DECIDED in told(called("session-start", session, filled))

    with serving(filled), ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(call, range(1, WARM)))
        before = opened()
        list(pool.map(call, range(CALLS)))
        waited_for(lambda: not _hooks_running(home))
        files, connections, children = opened()
        # The server keeps its store open, in two files, for each thread that has answered.
        assert files <= before[0] + 2 * AT_ONCE
        assert (connections, children) <= before[1:]
    pending = home / ".local" / "share" / "remem-pending"
    waited_for(lambda: not list(pending.glob("*.json")))
    assert sorted(each.name for each in pending.iterdir()) == [".lock"]
