"""The scores that the default configuration must reach again: ``expected.toml``.

::

    [[expected]]
    dataset = "smoke"          # for people
    digest = "1f5a..."         # SHA-256 of the data, as a run prints it
    official = false           # whether by the protocol of the benchmark's authors
    [expected.scores]
    "turn R@10" = [0.842, 0.005]    # score, and how far off it may be on another machine
    "empty for code" = [0.99, 0.01]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from store import InvalidInput

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Expected", "deviations", "expected_scores"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A score of remem, and how far from it another run may be."""

    score: float
    tolerance: float


def expected_scores(digest: str, official: bool) -> dict[str, Expected]:
    """Metric -> what is expected of it on a data set.

    Args:
        digest: SHA-256 of the data, as ``digest_of`` computes it.
        official: Whether it is measured by the protocol of the benchmark's authors.

    Raises:
        InvalidInput: nothing is expected on this data.
    """
    text = files("benchmarks").joinpath("expected.toml").read_text("utf-8")
    for entry in tomllib.loads(text).get("expected", []):
        if entry["digest"] == digest and entry.get("official", False) == official:
            return {
                metric: Expected(float(score), float(tolerance))
                for metric, (score, tolerance) in entry["scores"].items()
            }
    raise InvalidInput(
        f"benchmarks/expected.toml has no scores for the data with the digest {digest}: measure it "
        "without --check, and write them down there"
    )


def deviations(expected: Mapping[str, Expected], measured: Mapping[str, float]) -> list[str]:
    """One sentence for each score that is not as expected; better than expected is one too,
    because what has been won is to be kept."""
    sentences = (_deviation(name, score, measured.get(name)) for name, score in expected.items())
    return [sentence for sentence in sentences if sentence]


def _deviation(name: str, expected: Expected, score: float | None) -> str | None:
    wanted = f"expected is {expected.score:.4f} ± {expected.tolerance:.4f}"
    if score is None:
        return f"{name} was not measured, {wanted}."
    # Written with as many digits as are shown, so that what looks equal is.
    if round(abs(score - expected.score), 4) <= expected.tolerance:
        return None
    side = "above" if score > expected.score else "below"
    return f"{name} is {score:.4f}, {side} what it should be: {wanted}."
