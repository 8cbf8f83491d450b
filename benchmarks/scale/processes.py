"""Each part of a measurement in a process of its own, so that its peak of memory is its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import peak_megabytes
from benchmarks.scale.figures import Figures
from benchmarks.scale.parts import Part
from store.errors import UpstreamError

__all__ = ["Outcome", "own_peak_megabytes", "report", "run"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part found out.

    Attributes:
        figures: By name.
        notes: Name of a figure -> what to know about it.
        peak: Most memory of its process, in MB.
    """

    figures: Figures
    notes: dict[str, str]
    peak: float


def run(part: Part) -> Outcome:
    """Run a part in a process of its own.

    Raises:
        UpstreamError: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.scale", part.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        if len(said) > 1:  # more than a sentence, which is for whoever mends it
            sys.stderr.write(done.stderr)
        raise UpstreamError(f"{part.system or 'the benchmark'} failed to {part.name}: {said[-1]}")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def report(figures: Figures, notes: dict[str, str]) -> None:
    """Tell the process that waits for this one."""
    told = {"figures": figures, "notes": notes, "peak": own_peak_megabytes()}
    print(f"\n{json.dumps(told)}")


def own_peak_megabytes() -> float:
    """The most memory that this process has had, in MB.

    Not what ``getrusage`` says where Linux knows better: that begins with the peak of the process
    that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return peak_megabytes()
    peaks = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return next(peaks) * 1024 / 1e6
