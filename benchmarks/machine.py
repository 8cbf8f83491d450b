"""The machine of a measurement: its description, its processes, its clock."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil

T = TypeVar("T")


def describe() -> str:
    """One line on the machine and the code."""
    gigabytes = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {gigabytes:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, remem {_commit()}"
    )


def peak_megabytes() -> float:
    """The most memory that this process has had, in MB.

    Not what ``getrusage`` says where Linux knows better: that begins with the peak of the process
    that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return _megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def apart(call: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    """Result of a call in a new process, and the most memory that this process had, in MB.

    What it prints is dropped.

    Raises:
        BrokenProcessPool: the process ended before the call did.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_hush) as pool:
        return pool.submit(_with_peak, call, *arguments).result()


def _with_peak(call: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    return call(*arguments), peak_megabytes()


def _hush() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        os.dup2(nowhere, output)


def spent_by(command: Sequence[str]) -> tuple[float, float]:
    """Run a command without its output; its processor time in seconds, its peak of memory in MB.

    Raises:
        CalledProcessError: it failed.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return used.ru_utime + used.ru_stime, _megabytes(used.ru_maxrss)


def _megabytes(peak: int) -> float:
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> str:
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "of an unknown commit"


# Repeat, time, and keep the quantiles.


@dataclass(frozen=True, slots=True)
class Latency:
    """Median and 95th percentile, in milliseconds."""

    p50: float
    p95: float


def latency_of(call: Callable[[T], object], arguments: Iterable[T], warm_up: int = 3) -> Latency:
    """Time ``call`` for each argument; the first few are not counted."""
    times = [seconds(lambda argument=argument: call(argument)) for argument in arguments]  # type: ignore[misc]
    p50, p95 = np.percentile(times[warm_up:], [50, 95])
    return Latency(1000 * float(p50), 1000 * float(p95))


def seconds(call: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    return timed(call)[1]


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Result of a call, and the seconds that it took."""
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start
