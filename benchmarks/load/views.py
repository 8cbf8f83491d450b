"""The views of the page over HTTP: the first one, a search while somebody types, the timeline."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import httpx
import numpy as np

_ROUNDS = 20
_TYPED = {"HX-Request": "true"}
"""The page asks so for what it shows below the words that were typed."""


def view_times(url: str, questions: Sequence[str]) -> Mapping[str, float]:
    """Milliseconds of the server until each view is there, the median of twenty.

    Args:
        questions: For the searches, one each.

    Raises:
        httpx.HTTPError: a view did not come.
    """
    with httpx.Client(base_url=url, timeout=60) as client:

        def median(path: str, asked: Iterable[str], headers: Mapping[str, str]) -> float:
            times = []
            for question in asked:
                params = {"q": question} if question else {}
                start = time.perf_counter()
                client.get(path, params=params, headers=headers).raise_for_status()
                times.append(1000 * (time.perf_counter() - start))
            return float(np.median(times))

        client.get("/").raise_for_status()
        none = [""] * _ROUNDS
        return {
            "page, first view p50, ms": median("/", none, {}),
            "page, search p50, ms": median("/", questions[:_ROUNDS], _TYPED),
            "page, timeline p50, ms": median("/page/timeline", none, {}),
        }
