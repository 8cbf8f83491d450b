"""The contract of ``search``: nearest vectors and best matching words."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from remem.store.conformance.samples import (
    SPACE,
    Contract,
    batch,
    dense,
    direction,
    embed,
    entry,
    keys,
    turn,
    views,
    words,
)
from remem.store.errors import InvalidInput
from remem.store.store import Store
from remem.store.types import Batch, Dense, View

CJK = {
    "Chinese": ("我们昨天在北京吃了烤鸭", "北京"),
    "Chinese, longer question": ("我们昨天在北京吃了烤鸭", "你在北京吃了什么"),
    "Chinese, one character": ("猫", "猫"),
    "Japanese": ("明日は東京タワーへ行きます", "東京タワー"),
    "Japanese, half width": ("ｶﾀｶﾅで書いた", "カタカナ"),
    "Korean": ("어제 서울에서 친구를 만났어요", "서울"),
    "Thai": ("ฉันชอบกินข้าวผัด", "ข้าวผัด"),
    "Chinese, the other characters": ("鑰匙在花盆下面", "钥匙"),
    "mixed": ("I bought a 手机 in Shenzhen", "手机"),
    "mixed, the English word": ("我昨天买了 iPhone 手机", "iphone"),
    "no space between": ("用Python写程序", "python"),
}

STEMS = {
    "plural": ("She adopted two puppies", "puppy"),
    "tense": ("We were hiking in the hills", "hike"),
    "case": ("MEETING NOTES", "meeting"),
    "full width": ("ＡＢＣ company", "abc"),
    "possessive": ("Ana's birthday", "birthdays"),
    "accents kept apart by no normal form": ("cafe\u0301 au lait", "café"),
    "accents that are not typed": ("Le café de l’été à Łódź", "cafe ete lodz"),
    "accents that are not stored": ("Wir treffen uns im Cafe", "café"),
    "sharp s": ("Hauptstraße 5", "Hauptstrasse"),
    "Russian yo": ("Она всё забыла", "все"),
    "Greek capitals": ("Ο Γιώργος έφαγε", "ΓΙΩΡΓΟΣ"),
    "Arabic vowels": ("المِفْتَاحُ تَحْتَ الإِنَاءِ", "المفتاح"),
    "soft hyphens": ("The land\u00adlord is Mr Vogel", "landlord"),
    "number": ("the code is 4711", "4711"),
}


class SearchContract(Contract):
    """Dense search: the nearest records by cosine."""

    def test_scores_are_cosines(self, adopted: Store) -> None:
        """The score is the cosine whatever the lengths of both vectors; best first."""
        adopted.write(
            "ana",
            Batch(
                add=[
                    entry(turn("same"), direction(0.001)),
                    entry(turn("half"), direction(500, 500 * math.sqrt(3))),
                    entry(turn("none"), direction(0, 0, 1e-30)),
                    entry(turn("opposite"), direction(-1e30)),
                ]
            ),
        )
        [hits] = adopted.search("ana", [Dense("turn", direction(40))], 10)
        assert keys(hits) == ["same", "half", "none", "opposite"]
        assert [hit.score for hit in hits] == pytest.approx([1, 0.5, 0, -1], abs=1e-3)

    def test_ties_are_in_the_order_of_keys(self, adopted: Store) -> None:
        """Records with equal scores come in the order of their keys, also at the cut."""
        names = [f"k{i:02}" for i in range(40)]
        shuffled = np.random.default_rng(1).permutation(names)
        vector = embed(["the one"])[0]
        adopted.write("ana", Batch(add=[entry(turn(str(key), "a"), vector) for key in shuffled]))
        legs = [Dense("turn", vector), words("a")]
        for k in (1, 7, 40):
            assert [keys(hits) for hits in adopted.search("ana", legs, k)] == [names[:k]] * 2

    @pytest.mark.parametrize("k", [3, 4, 1000, 10_000_000])
    def test_more_than_there_are_is_all(self, adopted: Store, k: int) -> None:
        """A k beyond the number of records returns all of them, once."""
        adopted.write("ana", batch(turn("a word"), turn("b word"), turn("c word")))
        for hits in adopted.search("ana", [dense("a word"), words("word")], k):
            assert sorted(keys(hits)) == ["a word", "b word", "c word"]

    def test_the_nearest_are_found(
        self, adopted: Store, settle: Callable[[], None], min_recall: float
    ) -> None:
        """Among many records, the share of true nearest neighbours found is ``min_recall``."""
        names = [f"k{i}" for i in range(2000)]
        adopted.write("ana", batch(*[turn(name) for name in names]))
        settle()
        stored = embed(names)
        stored /= np.linalg.norm(stored, axis=1, keepdims=True)
        found = 0
        for question in embed([f"question {i}" for i in range(20)]):
            nearest = {names[row] for row in np.argsort(-(stored @ question))[:10]}
            [hits] = adopted.search("ana", [Dense("turn", question)], 10)
            found += len(nearest & set(keys(hits)))
        # One in a hundred may swap places at the cut by the rounding of stored vectors.
        assert found / 200 >= min_recall - 0.01

    def test_views_are_searched_apart(self, adopted: Store) -> None:
        """A leg sees the texts and vectors of its own view only."""
        apart = {"turn": View("apples", direction(1)), "window": View("pears", direction(0, 1))}
        record = entry(turn("k"))
        adopted.write("ana", Batch(add=[type(record)(record.record, apart)]))
        legs = [
            Dense("turn", direction(1)),
            Dense("window", direction(1)),
            words("apples", "turn"),
            words("apples", "window"),
            words("pears", "window"),
        ]
        in_turn, in_window, *by_word = adopted.search("ana", legs, 1)
        assert in_turn[0].score == pytest.approx(1, abs=1e-3)
        assert in_window[0].score == pytest.approx(0, abs=1e-3)
        assert [keys(hits) for hits in by_word] == [["k"], [], ["k"]]

    def test_legs_are_answered_in_order(self, adopted: Store) -> None:
        """There is one list for each leg, in their order; no legs, no lists."""
        adopted.write("ana", batch(turn("apples"), turn("pears")))
        legs = [words("pears"), dense("apples"), words("apples"), dense("pears")]
        best = [keys(hits)[0] for hits in adopted.search("ana", legs, 1)]
        assert best == ["pears", "apples", "apples", "pears"]
        assert adopted.search("ana", [], 1) == []

    def test_an_empty_store_has_no_answers(self, store: Store) -> None:
        """Before the first record, and before a space is adopted, each leg finds nothing."""
        legs = [dense("anything"), words("anything")]
        assert store.search("ana", legs, 5) == [[], []]
        store.adopt(SPACE)
        assert store.search("ana", legs, 5) == [[], []]

    def test_hits_hold_the_whole_record(self, adopted: Store) -> None:
        """A hit brings the record as ``get`` does."""
        adopted.write("ana", batch(turn("k", speaker="Ana", metadata={"topic": "tea"})))
        [[hit]] = adopted.search("ana", [dense("k")], 1)
        assert [hit.record] == adopted.get("ana", ["k"])

    def test_a_search_sees_every_write_before_it(self, adopted: Store) -> None:
        """Read your writes: each write is in the very next search."""
        for i in range(30):
            adopted.write("ana", batch(turn(f"fact{i}")))
            nearest, by_word = adopted.search("ana", [dense(f"fact{i}"), words(f"fact{i}")], 1)
            assert keys(nearest) == keys(by_word) == [f"fact{i}"]
            if i % 3 == 0:
                adopted.write("ana", Batch(delete=[f"fact{i}"]))
                assert adopted.search("ana", [words(f"fact{i}")], 1) == [[]]


class TextSearchContract(Contract):
    """Full-text search: BM25 over the tokens of ``remem.store.fulltext.tokens``."""

    @pytest.mark.parametrize(("text", "query"), CJK.values(), ids=CJK)
    def test_words_are_found_in_every_script(self, adopted: Store, text: str, query: str) -> None:
        """Scripts without spaces, and mixed ones, are found by their words."""
        others = [turn(f"other {i}", f"completely different {i}") for i in range(3)]
        adopted.write("ana", batch(turn("k", text), *others))
        assert keys(adopted.search("ana", [words(query)], 5)[0]) == ["k"]

    @pytest.mark.parametrize(("text", "query"), STEMS.values(), ids=STEMS)
    def test_words_are_found_in_every_form(self, adopted: Store, text: str, query: str) -> None:
        """Words are compared by stem, without case, in one Unicode form."""
        adopted.write("ana", batch(turn("k", text), turn("other", "something else")))
        assert keys(adopted.search("ana", [words(query)], 5)[0]) == ["k"]

    def test_only_records_with_a_word_are_found(self, adopted: Store) -> None:
        """A record that shares no word with the query is not among the results."""
        adopted.write("ana", batch(turn("tea and cake"), turn("green tea"), turn("coffee")))
        [hits] = adopted.search("ana", [words("Do you drink tea?")], 10)
        assert sorted(keys(hits)) == ["green tea", "tea and cake"]

    @pytest.mark.parametrize("query", ["", "   ", "…!?", "unheard"])
    def test_no_words_no_results(self, adopted: Store, query: str) -> None:
        """A query without words, or with unknown ones, finds nothing and is no error."""
        adopted.write("ana", batch(turn("tea and cake")))
        assert adopted.search("ana", [words(query)], 10) == [[]]

    @pytest.mark.parametrize(
        "query", ['"tea', "tea AND (", "tea* NOT cake", "turn:tea^2", "NEAR(tea", "-tea", "tea\x00"]
    )
    def test_a_query_is_words_and_no_language(self, adopted: Store, query: str) -> None:
        """Operators of search engines mean nothing: the words are looked for."""
        adopted.write("ana", batch(turn("tea")))
        assert keys(adopted.search("ana", [words(query)], 10)[0]) == ["tea"]

    def test_stop_words_count_when_there_are_no_others(self, adopted: Store) -> None:
        """Common words are left out of a query, unless it has no others."""
        adopted.write("ana", batch(turn("who are they"), turn("the tea")))
        assert keys(adopted.search("ana", [words("who are the tea")], 10)[0]) == ["the tea"]
        assert keys(adopted.search("ana", [words("who are you")], 10)[0]) == ["who are they"]

    def test_scores_are_bm25(self, adopted: Store) -> None:
        """The score is BM25 with k1 = 1.2 and b = 0.75; each distinct query word counts once."""
        adopted.write(
            "ana",
            batch(turn("a", "tea tea cake"), turn("b", "tea"), turn("c", "one two three four")),
        )
        [hits] = adopted.search("ana", [words("tea cake tea")], 10)
        mean = 8 / 3
        tea, cake = math.log(1 + 1.5 / 2.5), math.log(1 + 2.5 / 1.5)
        first = 1.2 * (0.25 + 0.75 * 3 / mean)
        second = 1.2 * (0.25 + 0.75 * 1 / mean)
        expected = [
            tea * 2.2 * 2 / (2 + first) + cake * 2.2 / (1 + first),
            tea * 2.2 / (1 + second),
        ]
        assert keys(hits) == ["a", "b"]
        assert [hit.score for hit in hits] == pytest.approx(expected, rel=2e-3)

    def test_scores_come_from_the_current_records(self, adopted: Store) -> None:
        """Records deleted, superseded or refreshed leave no trace in the statistics, and neither
        do those of other namespaces; a filter changes no score."""
        adopted.write("plain", batch(turn("a", "tea cake"), turn("b", "tea")))
        adopted.write("other", batch(*[turn(f"o{i}", "tea tea tea") for i in range(9)]))
        adopted.write(
            "ana",
            batch(turn("a", "tea cake"), turn("b", "x"), turn("old", "tea x"), turn("gone", "tea")),
        )
        adopted.write(
            "ana",
            Batch(refresh={"b": views("tea")}, supersede={"old": "a"}, delete=["gone"]),
        )
        legs = [words("tea cake"), words("tea", "window")]
        expected = adopted.search("plain", legs, 10)
        for hits, wanted in zip(adopted.search("ana", legs, 10), expected, strict=True):
            assert keys(hits) == keys(wanted)
            scores = [hit.score for hit in wanted]
            assert [hit.score for hit in hits] == pytest.approx(scores, rel=2e-3)

    def test_idf_tells_how_rare_a_token_is(self, adopted: Store) -> None:
        """The inverse document frequency is that of BM25, over the current records of the
        namespace; a token that nobody holds is the rarest."""
        adopted.write("other", batch(*[turn(f"o{i}", "cake") for i in range(9)]))
        adopted.write("ana", batch(turn("a", "tea cake"), turn("b", "tea"), turn("gone", "cake")))
        adopted.write("ana", Batch(delete=["gone"]))
        found = adopted.idf("ana", "turn", ["tea", "cake", "unheard", "\0"])
        unheard = math.log(1 + 2.5 / 0.5)
        assert found == pytest.approx([math.log(1 + 0.5 / 2.5), math.log(2), unheard, unheard])
        assert adopted.idf("nobody", "turn", ["tea"]) == pytest.approx([math.log(1 + 0.5 / 0.5)])

    def test_idf_of_a_purged_namespace_is_forgotten(self, adopted: Store) -> None:
        """Records that are written later under its name count alone, alike as they may be."""
        adopted.write("ana", batch(turn("a", "tea"), turn("b", "tea")))
        assert adopted.idf("ana", "turn", ["tea"]) == pytest.approx([math.log(1 + 0.5 / 2.5)])
        adopted.purge("ana", Batch(delete=["a", "b"]))
        adopted.write("ana", batch(turn("a", "sea"), turn("b", "sea")))
        assert adopted.idf("ana", "turn", ["tea"]) == pytest.approx([math.log(1 + 2.5 / 0.5)])

    def test_idf_of_an_unknown_view_is_refused(self, adopted: Store) -> None:
        """A view that the store does not have is an error."""
        with pytest.raises(InvalidInput, match="unknown view"):
            adopted.idf("ana", "sentence", ["tea"])

    def test_a_query_may_be_long(self, adopted: Store) -> None:
        """A query of ten thousand different words is answered."""
        adopted.write("ana", batch(turn("tea"), turn("coffee")))
        query = " ".join(f"w{i}" for i in range(10_000)) + " tea"
        assert keys(adopted.search("ana", [words(query)], 10)[0]) == ["tea"]
