"""A tally over a data set of how far remem's relevance can be trusted, as it grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from remem.benchmarks.datasets.base import Haystack
from remem.benchmarks.intervals import Interval
from remem.benchmarks.metrics import DEPTH, Outcome
from remem.benchmarks.offtopic import (
    ABOUT_OTHERS,
    MOST_HAYSTACKS,
    WRONG_PERSON,
    Quiet,
    wrong_person,
)
from remem.benchmarks.systems.base import Searcher
from remem.benchmarks.tables import EVIDENCE
from remem.benchmarks.trust.calibration import (
    Judgement,
    auroc,
    calibration_error,
    judgements,
    reliability,
    top_relevance,
)
from remem.benchmarks.trust.floors import (
    BUDGET,
    Shown,
    evidence_against_floor,
    silence_against_floor,
    unfloored,
)
from remem.recall.ranking import Recollection

UNFLOORED = f"evidence without floor@{BUDGET}"
"""The metric of a prompt from which nothing is held back."""

CALIBRATION_ERROR = "relevance ECE"
TAKEN = f"{EVIDENCE} taken by the floor"
RELIABILITY = "reliability"

_ANSWERABLE = "answerable"
_UNANSWERABLE = "unanswerable"
_RIGHT_PERSON = "the right person"


def against_floor(what: str) -> str:
    """The name of the curve of something against the floor."""
    return f"{what} against the floor"


@dataclass(slots=True)
class Trust:
    """Relevance compared with gold, question by question.

    Attributes:
        judged: Of the first memories of each question.
        shown: What prompts without a floor show of each question's gold.
        taken: Of each question, the evidence that the floor keeps out of the prompt.
        tops: Kind of question -> the highest relevance that each was given.
        asked: Haystacks of which somebody else was asked about.
    """

    judged: list[Judgement] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    tops: dict[str, list[float]] = field(default_factory=dict)
    asked: int = 0

    def add(self, haystack: Haystack, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        """Take in what was recalled from a haystack.

        Returns:
            The outcomes, with the evidence that a prompt without a floor has.
        """
        texts = {record.key: record.text for record in haystack.records}
        return tuple(self._add(outcome, texts) for outcome in outcomes)

    def ask(self, searcher: Searcher, haystack: Haystack, outcomes: Sequence[Outcome]) -> None:
        """Put the questions about the wrong person; to the first haystacks only.

        Args:
            outcomes: What was recalled for the haystack's own questions.
        """
        if self.asked == MOST_HAYSTACKS:
            return
        self.asked += 1
        known = {outcome.question.id: outcome.ranking for outcome in outcomes}
        for right, wrong in wrong_person(haystack):
            self._note(_RIGHT_PERSON, known[right.id])
            self._note(WRONG_PERSON, searcher.search(wrong, DEPTH))

    def figures(self, quiet: Quiet) -> dict[str, float]:
        """The figures that there is data for.

        Args:
            quiet: What else was asked that has no answer.
        """
        answerable = self.tops.get(_ANSWERABLE, [])
        found = {
            CALIBRATION_ERROR: calibration_error(reliability(self.judged)),
            TAKEN: fmean(self.taken) if self.taken else None,
            "AUROC wrong person": auroc(
                self.tops.get(_RIGHT_PERSON, []), self.tops.get(WRONG_PERSON, [])
            ),
            "AUROC unanswerable": auroc(answerable, self.tops.get(_UNANSWERABLE, [])),
            f"AUROC {ABOUT_OTHERS}": auroc(answerable, quiet.relevances.get(ABOUT_OTHERS, [])),
        }
        return {name: value for name, value in found.items() if value is not None}

    def curves(self, quiet: Quiet) -> dict[str, dict[float, Interval]]:
        """The reliability diagram, and what prompts hold and which stay empty against the floor."""
        silent = {
            against_floor(f"empty for {kind}"): silence_against_floor(relevances)
            for kind, relevances in quiet.relevances.items()
        }
        found = {
            RELIABILITY: reliability(self.judged),
            against_floor("evidence"): evidence_against_floor(self.shown),
            **silent,
        }
        return {name: curve for name, curve in found.items() if curve}

    def _add(self, outcome: Outcome, texts: dict[str, str]) -> Outcome:
        self.judged += judgements(outcome)
        if outcome.gold or not outcome.question.answerable:
            kind = _ANSWERABLE if outcome.question.answerable else _UNANSWERABLE
            self._note(kind, outcome.ranking)
        shown = unfloored(outcome, texts)
        if not shown:
            return outcome
        self.shown.append(shown)
        share = sum(one is not None for one in shown.values()) / len(shown)
        if (floored := outcome.metrics.get(EVIDENCE)) is not None:
            self.taken.append(share - floored)
        return replace(outcome, metrics={**outcome.metrics, UNFLOORED: share})

    def _note(self, kind: str, ranking: Sequence[Recollection]) -> None:
        self.tops.setdefault(kind, []).append(top_relevance(ranking))
