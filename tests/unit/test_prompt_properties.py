"""What holds for the block of memories whatever is in them."""

import re
from datetime import datetime, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.recall.prompt import build_context, estimate_tokens, neutralise
from memory.recall.ranking import Recollection
from store import Record

# A busy machine is no failure.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

hostile = st.lists(
    st.one_of(
        st.sampled_from(
            ["<", "/", "memories", ">", "</memories>", "<|", "|>", "[INST]", "[", "]", "\n", "\r",
             "\x1b[2J", " ", "＜", "<|im_end|>", "\u2028", "<memories>", "\u200b", "‹", "INST"]
        ),
        st.text(max_size=8),
    ),
    max_size=12,
).map("".join)  # fmt: skip

moments = st.datetimes(
    min_value=datetime(1990, 1, 1), max_value=datetime(2060, 1, 1), timezones=st.just(timezone.utc)
)

records = st.builds(
    Record,
    key=hostile,
    source=hostile,
    position=st.integers(0, 9),
    text=hostile.flatmap(lambda text: st.sampled_from([text, text * 20])),
    speaker=st.none() | hostile,
    said_at=st.none() | moments,
)
recollections = st.lists(st.builds(Recollection, record=records, score=st.just(0.5)), max_size=8)


@untimed
@given(recollections, st.integers(0, 400), st.none() | moments)
def test_the_block_never_exceeds_its_budget(
    memories: list[Recollection], budget: int, now: datetime | None
) -> None:
    context = build_context(memories, budget=budget, now=now)
    assert context.tokens == estimate_tokens(context.text) <= budget


@untimed
@given(recollections, st.integers(0, 400))
def test_every_memory_is_either_in_the_block_or_reported_as_left_out(
    memories: list[Recollection], budget: int
) -> None:
    context = build_context(memories, budget=budget)
    told = [*context.recollections, *context.left_out]
    assert sorted(each.record.key for each in told) == sorted(each.record.key for each in memories)


@untimed
@given(recollections)
def test_the_block_is_chronological(memories: list[Recollection]) -> None:
    context = build_context(memories, budget=10_000)
    moments = [each.record.said_at for each in context.recollections]
    dated = [moment for moment in moments if moment is not None]
    assert dated == sorted(dated)
    assert moments[: len(dated)] == dated


@untimed
@given(recollections)
def test_no_memory_opens_or_closes_the_block_or_speaks_to_the_template(
    memories: list[Recollection],
) -> None:
    text = build_context(memories, budget=10_000).text
    assert re.findall(r"[<＜]\s*/\s*\w+>|<memories>", text) == (
        ["<memories>", "</memories>"] if memories else []
    )
    assert not re.search(r"[<＜]\s*[|｜]|\[/?[A-Z]{3,}\]|[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


@untimed
@given(hostile)
def test_neutralising_twice_changes_nothing_more(text: str) -> None:
    assert neutralise(neutralise(text)) == neutralise(text)


@untimed
@given(st.text(st.characters(categories=["L", "N", "M", "P", "Zs"], exclude_characters="[［")))
def test_words_and_punctuation_are_never_altered(text: str) -> None:
    assert neutralise(text) == text
