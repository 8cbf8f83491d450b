"""What all tests share."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, Phase, settings

# Tests run side by side, one to a core: threads of torch would wait for each other by spinning, and
# a minute becomes five. Processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest.register_assert_rewrite("remem.store.conformance")

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would every process
# that they start in order to interrupt it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# "ci" runs the same examples every time and shows a failure as it is found (shrinking takes
# minutes); HYPOTHESIS_PROFILE=explore looks for new examples and shrinks what fails.
settings.register_profile(
    "ci", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate]
)
settings.register_profile(
    "explore",
    max_examples=1000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
