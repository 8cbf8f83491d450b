"""``python -m remem.benchmarks.scale PART``: one part of a measurement, started by the command."""

from __future__ import annotations

import sys

from remem.benchmarks.scale.parts import Part, report
from remem.store import RememError

if __name__ == "__main__":
    try:
        report(*Part.from_json(sys.argv[1]).here())
    except RememError as error:
        sys.exit(str(error))
