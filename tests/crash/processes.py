"""Other processes: forked from one server that has imported the store, so each starts in a
millisecond, has nothing of the test's process, and can be killed without mercy."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

__all__ = ["context", "elsewhere"]

T = TypeVar("T")

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["store.embedded", "store.conformance.samples"])


def elsewhere(function: Callable[..., T], *arguments: Any) -> T:
    """Call a module-level function in another process; its result or exception comes back."""
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()
