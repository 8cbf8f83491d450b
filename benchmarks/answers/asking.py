"""Each question is answered twice, with memory and without, by the same generator."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from remem import Memory
from remem.benchmarks.answers.file import Answer
from remem.benchmarks.answers.scores import (
    ADMITTED,
    CONTAINED,
    Verdict,
    judge_prompt,
    read_verdict,
    score_answer,
)
from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.machine import timed
from remem.encoders.sentence_transformer import Encoder
from remem.generators.opening import Generator, Prompt
from remem.recall.prompt import Context

WITHOUT = "without memory"
WITH = "with memory"
ARMS = (WITHOUT, WITH)

JUDGED = "right, says the judge"
JUDGED_ADMITTED = "admits it, says the judge"
AGREES = "judge agrees with the words"
"""Whether the judge says what ``CONTAINED`` or ``ADMITTED`` say: how far to trust either."""

INSTRUCTIONS = "Answer in as few words as you can. If you do not know, say: I do not know."
"""The system message of both arms: gold answers are a few words, and abstaining must be allowed."""


@dataclass(frozen=True, slots=True)
class Respondent:
    """Who answers, and who judges.

    Attributes:
        generator: What answers.
        encoder: What recalls.
        budget: Most tokens of memories, as the generator counts them.
        judge: None: answers are scored by their words only.
    """

    generator: Generator
    encoder: Encoder
    budget: int
    judge: Generator | None = None

    def answer(self, question: Question, arm: str, context: Context | None) -> Answer:
        """One answer with its scores.

        Raises:
            UpstreamError: the generator or the judge failed.
        """
        prompt = Prompt(question.text, context, instructions=INSTRUCTIONS)
        messages = self.generator.layout(prompt)
        tokens = sum(self.generator.count_tokens(message.content) for message in messages)
        reply, seconds = timed(lambda: self.generator.generate(prompt).strip())
        scores = score_answer(question, reply)
        answer = Answer(question, arm, reply, seconds, tokens, scores)
        return answer if self.judge is None else _judged(answer, self.judge)


def with_gold(
    haystacks: Iterable[Haystack], limit: int | None, left_out: Callable[[Question], object]
) -> Iterator[Haystack]:
    """The haystacks with only their questions that can be scored, ``limit`` of all of them.

    Args:
        limit: None: every question.
        left_out: Called with each question that has no gold answer, though somebody said it.
    """
    for haystack in haystacks:
        questions: list[Question] = []
        for question in haystack.questions:
            if question.answer is None and question.answerable:
                left_out(question)
            elif limit is None or len(questions) < limit:
                questions.append(question)
        if questions:
            yield replace(haystack, questions=questions)
        if limit is not None:
            limit -= len(questions)
            if limit == 0:
                return


def answer_all(
    haystack: Haystack, respondent: Respondent, answered: set[tuple[str, str]]
) -> Iterator[Answer]:
    """Answer the questions of a haystack, each in both arms, through the shipped ``Memory``.

    Args:
        answered: Question id and arm of what need not be asked again.

    Raises:
        UpstreamError: the generator or the judge failed.
    """
    todo = [
        (question, arm)
        for question in haystack.questions
        for arm in ARMS
        if (question.id, arm) not in answered
    ]
    if not todo:
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        Memory(folder, haystack.namespace, encoder=respondent.encoder) as memory,
    ):
        memory.add_records(haystack.records)
        for question, arm in todo:
            context = None
            if arm == WITH:
                context = memory.context(
                    question.text,
                    budget=respondent.budget,
                    count_tokens=respondent.generator.count_tokens,
                    now=question.asked_at,
                )
            yield respondent.answer(question, arm, context)


def _judged(answer: Answer, judge: Generator) -> Answer:
    verdict = read_verdict(judge.generate(judge_prompt(answer.question, answer.text)))
    if verdict is Verdict.UNREADABLE:
        return replace(answer, verdict=verdict)
    by_words, name = (
        (CONTAINED, JUDGED) if answer.question.answerable else (ADMITTED, JUDGED_ADMITTED)
    )
    right = float(verdict is Verdict.YES)
    judged = {name: right, AGREES: float(right == answer.scores[by_words])}
    return replace(answer, scores={**answer.scores, **judged}, verdict=verdict)
