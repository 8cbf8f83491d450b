"""Which of the many metrics of a run stand in front: in tables, plots and comparisons. Pure."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["HEADLINE", "cutoffs", "headline_metrics", "primary_metric"]

HEADLINE = (
    *("turn R@5", "turn R@10", "turn any@10"),
    *("session any@5", "session all@5", "session all@10"),
    *("passage R@10", "document R@10", "document nDCG@10"),
    "evidence@1000",
)
"""What a summary shows, where the data has it."""

_PRIMARY = ("turn R@10", "passage R@10", "session R@10", "document R@10")


def headline_metrics(metrics: Collection[str]) -> list[str]:
    """Those of the metrics that a summary shows, in its order."""
    return [metric for metric in HEADLINE if metric in metrics]


def primary_metric(metrics: Collection[str]) -> str | None:
    """The one metric by which systems are ranked: recall@10 of the smallest unit that has gold.

    None when the data has no gold at all.
    """
    return next((metric for metric in _PRIMARY if metric in metrics), None)


def cutoffs(metrics: Collection[str], name: str) -> dict[int, str]:
    """The metrics ``NAME@1``, ``NAME@5``, ... that there are, by their cutoff, lowest first."""
    found = {
        int(cutoff): metric
        for metric in metrics
        for stem, _, cutoff in [metric.rpartition("@")]
        if stem == name
    }
    return dict(sorted(found.items()))
