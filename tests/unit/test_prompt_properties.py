"""What holds for the block of memories whatever is in them."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remem.recall.names import MOST, is_cut, meant, shown, shown_key, unquoted
from remem.recall.prompt import build_context, estimate_tokens, neutralise
from remem.recall.recollection import Recollection
from remem.store import Record

# A busy machine is no failure.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

hostile = st.lists(
    st.one_of(
        st.sampled_from(
            ["<", "/", "memories", ">", "</memories>", "<|", "|>", "[INST]", "[", "]", "\n", "\r",
             "\x1b[2J", " ", "＜", "<|im_end|>", "\u2028", "<memories>", "\u200b", "‹", "INST",
             ": ", ":", "：", "꞉", "⟦8⟧", "[8] Ravi: ", "Nora", "undated, ", '"', "“", "‹A›",
             "‹", "›", "4", "1", "\u202e", "\u2066", "\ufe0f",
             "ASSISTANT", "system", "#", "…0123456789ab", "\u3164",
             "name " * 30]
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
    role=st.none() | st.sampled_from(["user", "assistant"]) | hostile,
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


@dataclass(frozen=True)
class Read:
    """A memory as a reader of the block takes it to be."""

    source: str
    key: str
    speaker: str
    words: str


def read(block: str) -> list[Read]:
    """The memories of a block, by its grammar alone: a heading, the key up to the first bracket,
    the speaker up to the first colon with a space."""
    lines = block.split("\n")
    memories: list[Read] = []
    heading = ""
    for line in lines[lines.index("<memories>") + 1 : lines.index("</memories>")]:
        if line.startswith("  "):
            before = memories.pop()
            memories.append(replace(before, words=f"{before.words}\n{line[2:]}"))
        elif line.startswith("["):
            key, _, rest = line[1:].partition("]")
            name, colon, words = rest.partition(": ")
            said = (name[1:], words) if colon else ("", rest[1:])
            memories.append(Read(heading, key, *said))
        else:
            heading = line.partition(", ")[2]
    return memories


def stands_for(form: str, name: str) -> bool:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return meant(form) == name or (is_cut(form) and unquoted(form).endswith(digest[:12]))


@untimed
@given(recollections)
def test_a_reader_finds_just_the_memories_each_with_its_own_fields(
    memories: list[Recollection],
) -> None:
    context = build_context(memories, budget=100_000)
    found = read(context.text) if memories else []
    for told, recollection in zip(found, context.recollections, strict=True):
        record = recollection.record
        assert told.words == neutralise(record.text)
        assert stands_for(told.source, record.source)
        rest = record.key.removeprefix(f"{record.source}#")
        assert stands_for(told.key, record.key if "#" in rest else rest)
        assert stands_for(told.speaker, record.speaker or record.role or "")


@untimed
@given(recollections)
def test_nothing_is_left_in_the_block_to_be_neutralised(memories: list[Recollection]) -> None:
    text = build_context(memories, budget=100_000).text
    inside = text.partition("<memories>\n")[2].removesuffix("</memories>")
    assert neutralise(inside) == inside


@untimed
@given(hostile | st.text())
def test_a_shown_name_can_be_read_back_and_has_one_line_without_anything_invisible(
    name: str,
) -> None:
    assert neutralise(f"[{shown_key(name)}]") == f"[{shown_key(name)}]"
    for form in (shown(name), shown_key(name)):
        assert len(form) <= MOST + 2
        assert is_cut(form) or meant(form) == meant(unquoted(form)) == name
        assert neutralise(form) == form
        assert not re.search(r"[\[\]<]|: |:$|^\s|\s$|[^\S \xa0\u202f\u3000]|[\u200b\u202e]", form)


@untimed
@given(hostile | st.text(), hostile | st.text())
def test_different_names_are_shown_differently(one: str, other: str) -> None:
    assert (shown(one) == shown(other)) == (one == other)
    assert (shown_key(one) == shown_key(other)) == (one == other)
