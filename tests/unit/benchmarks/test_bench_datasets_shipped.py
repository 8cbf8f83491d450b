"""The data that come with remem: the smoke scale, and messages that call for no memory."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from remem import benchmarks
from remem.benchmarks.datasets.detect import detect
from remem.benchmarks.trust import abstention_messages

SMOKE = Path(benchmarks.__file__).parent / "data" / "smoke"


@pytest.fixture(scope="module")
def haystacks():
    dataset = detect(SMOKE)
    found = {haystack.namespace: haystack for haystack in dataset.haystacks()}
    assert dataset.problems == ()
    return found


def test_the_smoke_scale_has_three_kinds_of_conversation(haystacks):
    assert {name: len(each.records) for name, each in haystacks.items()} == {
        "assistant": 56,
        "chinese": 49,
        "friends": 142,
    }


def test_the_smoke_scale_asks_every_kind_of_question(haystacks):
    questions = [asked for each in haystacks.values() for asked in each.questions]
    kinds = Counter(asked.category for asked in questions)
    assert set(kinds) == {
        "single-hop",
        "multi-hop",
        "temporal",
        "knowledge-update",
        "adversarial",
    }
    assert min(kinds.values()) >= 5
    assert all(asked.evidence and asked.asked_at for asked in questions)
    assert all(asked.answerable == (asked.answer is not None) for asked in questions)


def test_nothing_is_asked_before_what_answers_it_was_said(haystacks):
    for haystack in haystacks.values():
        last = max(record.said_at for record in haystack.records)
        assert all(asked.asked_at > last for asked in haystack.questions)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_each_half_of_the_off_topic_messages_has_every_kind(split):
    kinds = Counter(message.kind for message in abstention_messages(split))
    assert kinds == {"small talk": 40, "code": 30, "log": 30}


def test_no_off_topic_message_is_in_both_halves():
    texts = [message.text for split in ("dev", "test") for message in abstention_messages(split)]
    assert len(set(texts)) == len(texts) == 200
