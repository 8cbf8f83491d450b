"""``python -m benchmarks.scale PART``: one part of a measurement, started by the command."""

from __future__ import annotations

import sys

from benchmarks.scale.parts import Part
from benchmarks.scale.processes import report
from store import RememError

if __name__ == "__main__":
    try:
        report(*Part.from_json(sys.argv[1]).here())
    except RememError as error:
        sys.exit(str(error))
