"""Other processes: forked from one server that has imported the store, so each starts in a
millisecond, has nothing of the test's process, and can be killed without mercy."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

__all__ = ["context", "elsewhere", "forked"]

T = TypeVar("T")

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["remem.store.embedded", "remem.store.conformance.samples"])


def elsewhere(function: Callable[..., T], *arguments: Any) -> T:
    """Call a module-level function in another process; its result or exception comes back."""
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def forked(function: Callable[[], object]) -> str:
    """Call a function in a fork of this process: its result, or its exception's name and message.

    A call that takes longer than half a minute is killed: it hangs.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            answer = str(function())
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        hung = not select.select([pipe], [], [], 30)[0]
        if hung:
            os.kill(child, signal.SIGKILL)
        answer = "hung" if hung else pipe.read().decode()
    os.waitpid(child, 0)
    return answer
