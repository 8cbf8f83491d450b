"""The HTML report: one file, the right figures, and words that stay words."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from base64 import b64encode
from datetime import datetime, timezone
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.intervals import Interval
from remem.benchmarks.metrics import Outcome, Run, SystemFigures
from remem.benchmarks.report import plots, report, summary, write_report
from remem.benchmarks.report.summary import figure, summarise
from remem.benchmarks.runs import RunDatabase
from remem.recall.recollection import Recollection
from remem.store import InvalidInput, MissingDependency, Record
from tests.invented_runs import NASTY, haystack, outcomes, write_run

NOW = datetime(2024, 5, 8, 9, 30, tzinfo=timezone.utc)
EVERYTHING = ("remem", "RRF", "dense", "Chroma", "last 4,000 tokens")


class Page(HTMLParser):
    """What a browser would make of a page: its tags, and the contents of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.text += data

    @property
    def embedded(self) -> Any:
        """The data of the browser of misses."""
        return json.loads(self.scripts[0])


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets, several systems; the first question and some records are nasty to HTML."""
    path = tmp_path_factory.mktemp("report") / "run.sqlite"
    systems = {name: (0.9 - 0.1 * place, 5.0) for place, name in enumerate(EVERYTHING)}
    write_run(path, "LoCoMo", systems, haystack(questions=30, records=60))
    write_run(path, "LongMemEval", systems, haystack(7, questions=10, records=60))
    return path


@pytest.fixture(scope="module")
def html(database: Path) -> str:
    target = database.with_suffix(".html")
    write_report(database, target)
    return target.read_text(encoding="utf-8")


def asked(ranks: dict[str, list[int | None]], category: str = "") -> tuple[Haystack, Any]:
    """Questions with one gold record each, and what systems made of them, by rank of the gold."""
    count = max(map(len, ranks.values()))
    questions = [Question(f"q{n}", "?", category, {"gold": 1}) for n in range(count)]
    found = {
        system: [
            Outcome(
                "talk",
                question,
                [],
                {"gold": rank},
                {
                    "turn R@5": float(rank is not None and rank <= 5),
                    "turn R@10": float(rank is not None and rank <= 10),
                },
                1.0,
            )
            for question, rank in zip(questions, of_system, strict=True)
        ]
        for system, of_system in ranks.items()
    }
    return Haystack("talk", [], questions), found


def written(path: Path, ranks: dict[str, list[int | None]], run: Run | None = None) -> Path:
    """A file with one unfinished run of such questions."""
    hay, found = asked(ranks)
    with RunDatabase.create(path) as database:
        writer = database.start(run or Run(NOW, "small", "c0ffee", "a machine"))
        writer.add_haystack(hay)
        for system, of_system in found.items():
            writer.add(system, of_system)
    return path


def test_the_page_needs_nothing_but_itself(html: str) -> None:
    page = Page(html)
    assert not [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object", "embed")]
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert all(address.startswith("#") for address in re.findall(r"url\(([^)]+)\)", html))


def test_the_page_forbids_itself_the_network_and_foreign_scripts(html: str) -> None:
    page = Page(html)
    policy = next(
        attributes["content"] or ""
        for tag, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    script = b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'"
    )


def test_words_of_the_data_cannot_end_the_script_they_stand_in(html: str) -> None:
    page = Page(html)
    assert len(page.scripts) == 2
    assert page.embedded["sets"][0]["questions"][0]["text"] == NASTY
    assert "<b>bold" not in html


def test_the_same_run_gives_the_same_page(database: Path, html: str, tmp_path: Path) -> None:
    write_report(database, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == html


def test_without_texts_no_word_of_the_data_is_on_the_page(database: Path, tmp_path: Path) -> None:
    write_report(database, tmp_path / "page.html", with_texts=False)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    hay = haystack(questions=30, records=60)
    words = {*(record.text for record in hay.records), *(each.text for each in hay.questions)}
    words |= {str(record.speaker) for record in hay.records}
    words |= {str(question.answer) for question in hay.questions}
    assert not [word for word in words if word in text or json.dumps(word)[1:-1] in text]
    assert "The words of the data are withheld" in text


def test_without_texts_ids_ranks_and_scores_stay(database: Path, html: str, tmp_path: Path) -> None:
    write_report(database, tmp_path / "page.html", with_texts=False)
    with_texts, without = (
        Page(text).embedded["sets"][0]
        for text in (html, (tmp_path / "page.html").read_text(encoding="utf-8"))
    )
    for one, other in zip(with_texts["questions"], without["questions"], strict=True):
        for name in ("id", "category", "gold", "top", "first", "found", "of"):
            assert one[name] == other[name]
    assert [each["key"] for each in with_texts["records"]] == [
        each["key"] for each in without["records"]
    ]


def test_every_data_set_has_its_plots(html: str) -> None:
    by_trait = ("pieces-of-gold", "share-of-the-speaker")
    of_trust = ("reliability", "floor")
    for number in (0, 1):
        for plot in ("recall", "evidence", "categories", "latency", *by_trait, *of_trust):
            assert f'id="{plot}-{number}-figure_1"' in html


def test_the_plot_of_latency_names_the_systems_that_do_not_search_below_it(tmp_path: Path) -> None:
    systems = {"remem": (0.9, 9.0), "last": (0.1, 0.0004), "nothing": (0.0, 0.0002)}
    write_run(tmp_path / "run.sqlite", "LoCoMo", systems, haystack(questions=10, records=60))
    write_report(tmp_path / "run.sqlite", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    plot = text[text.index('id="latency-0-figure_1"') :]
    drawing, below = plot[: plot.index("</figure>")].split("</svg>")
    assert ">remem</text>" in drawing
    assert ">last</text>" not in drawing
    assert "Not drawn, as they do not search: last, nothing." in below


def test_no_id_is_on_the_page_twice(html: str) -> None:
    ids = [attributes["id"] for _, attributes in Page(html).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_each_system_has_a_row_the_best_first(html: str) -> None:
    section = html[html.index('id="set-0"') :]
    table = section[section.index("<tbody>") : section.index("</tbody>")]
    names = re.findall(r"</i>([^<]+)</th>", table)
    assert sorted(names) == sorted(EVERYTHING)
    assert names[0] == "remem"
    assert table.count('<tr class="ours">') == 1


def test_all_data_sets_stand_in_one_table_ours_first(html: str) -> None:
    table = html[html.index('id="all"') :]
    table = table[: table.index("</table>")]
    assert [name for name in ("LoCoMo", "LongMemEval") if f'"col">{name}<br>turn R@10' in table]
    names = re.findall(r'<th scope="row">([^<]+)</th>', table)
    assert names[0] == "remem"
    assert sorted(names) == sorted(EVERYTHING)
    assert table.count("<small>evidence ") == 2 * len(EVERYTHING)


def test_one_data_set_needs_no_table_of_all(tmp_path: Path) -> None:
    write_report(written(tmp_path / "run.sqlite", {"remem": [1, 20]}), tmp_path / "page.html")
    assert 'id="all"' not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_machine_command_digest_and_problems_are_told(html: str) -> None:
    text = " ".join(Page(html).text.split())
    for said in (
        "AMD EPYC 9V74, 2 cores",
        "remem bench recall --data talk.json --systems all",
        "c0ffee" * 10,
        "3 questions have no evidence and were left out.",
    ):
        assert said in text


def test_a_run_that_did_not_end_says_so(html: str, tmp_path: Path) -> None:
    path = written(tmp_path / "run.sqlite", {"remem": [1, 20]})
    write_report(path, tmp_path / "page.html")
    assert "This run did not end" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "This run did not end" not in html


def test_names_and_problems_are_text_too(tmp_path: Path) -> None:
    run = Run(NOW, "<b>set</b>", "c0ffee", "<i>machine</i>", ("<script>alert(1)</script>",))
    write_report(
        written(tmp_path / "run.sqlite", {"remem": [1], "<u>x</u>": [2]}, run),
        tmp_path / "page.html",
    )
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert len(page.scripts) == 2
    assert not [tag for tag, attributes in page.tags if tag in ("b", "u")]


@pytest.mark.parametrize("ranks", [{}, {"remem": [None]}])
def test_a_run_with_nothing_to_show_is_still_a_page(
    ranks: dict[str, list[int | None]], tmp_path: Path
) -> None:
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(Run(NOW, "empty", "c0ffee", "a machine"))
        question = Question("q", "?")
        writer.add_haystack(Haystack("talk", [], [question]))
        for system in ranks:
            writer.add(system, [Outcome("talk", question, [], {}, {}, 1.0)])
    write_report(tmp_path / "run.sqlite", tmp_path / "page.html")
    assert "empty" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_file_without_runs_is_refused(tmp_path: Path) -> None:
    RunDatabase.create(tmp_path / "run.sqlite").close()
    with pytest.raises(InvalidInput, match="holds no runs yet"):
        write_report(tmp_path / "run.sqlite", tmp_path / "page.html")


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    path = written(tmp_path / "run.sqlite", {"remem": [1]})
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_report(path, tmp_path / "nowhere" / "page.html")


def test_without_the_packages_that_draw_the_error_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "remem.benchmarks.report.page", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingDependency, match=re.escape("pip install 'remem[bench]'")):
        write_report(tmp_path / "run.sqlite", tmp_path / "page.html")


def test_the_command_writes_the_page_and_says_how_large_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "run.sqlite", {"remem": [1, 20]})
    target = tmp_path / "page.html"
    done = CliRunner().invoke(report, [str(path), str(target), "--without-texts"])
    assert done.exit_code == 0
    assert "MB" in done.output
    assert "withheld" in target.read_text(encoding="utf-8")


def test_a_summary_ranks_systems_and_takes_their_means(tmp_path: Path) -> None:
    ranks: dict[str, list[int | None]] = {"dense": [1, 20, 20], "remem": [1, 3, 8]}
    with RunDatabase.open(written(tmp_path / "run.sqlite", ranks)) as database:
        found = summarise(database.runs()[0])
    assert [each.system for each in found.standings] == ["remem", "dense"]
    assert found.primary == "turn R@10"
    assert found.standings[0].means["turn R@10"].mean == 1
    assert found.standings[1].means["turn R@10"].mean == pytest.approx(1 / 3)
    assert found.recall == {5: "turn R@5", 10: "turn R@10"}
    assert found.against_next is not None
    assert found.against_next.difference.mean == pytest.approx(2 / 3)


def test_categories_have_their_own_means(tmp_path: Path) -> None:
    hay, _ = asked({"remem": [1, 20]})
    with RunDatabase.create(tmp_path / "run.sqlite") as database:
        writer = database.start(Run(NOW, "small", "c0ffee", "a machine"))
        questions = [Question("a", "?", "easy"), Question("b", "?", "hard")]
        writer.add_haystack(Haystack(hay.namespace, [], questions))
        values = zip(questions, (1.0, 0.0), strict=True)
        writer.add(
            "remem",
            [Outcome("talk", each, [], {}, {"turn R@10": value}, 1) for each, value in values],
        )
        found = summarise(database.runs()[0])
    assert {name: each["remem"].mean for name, each in found.categories.items()} == {
        "easy": 1.0,
        "hard": 0.0,
    }


def test_a_figure_is_found_by_how_its_name_begins() -> None:
    figures = SystemFigures("remem", {"p50 ms without encoding": 3.0}).figures
    assert figure(figures, "p50 ms") == 3.0
    assert figure(figures, "records/s") is None


def test_the_browser_has_gold_with_ranks_what_came_and_why() -> None:
    gold = Record("g", "s1", 0, "We moved to Lisbon.", speaker="Ana", said_at=NOW)
    other = Record("o", "s2", 0, "Nice.", role="user")
    question = Question("q", "Where?", "hop", {"g": 1, "h": 1}, answer="Lisbon", asked_at=NOW)
    outcome = Outcome(
        "talk",
        question,
        [Recollection(other, 0.75, relevance=0.6, parts={"dense": 0.5, "text": 0.25})],
        {"h": None, "g": 12},
        {},
        1,
    )
    shown = summary.browsable(
        [outcome], {("talk", "g"): gold, ("talk", "o"): other}, {"remem": {"q": 12}}
    )
    assert shown == {
        "systems": ["remem"],
        "parts": ["dense", "text"],
        "questions": [
            {
                "id": "q",
                "category": "hop",
                "text": "Where?",
                "asked": "8 May 2024",
                "answer": "Lisbon",
                "gold": [{"key": "g", "rank": 12, "record": 0}, {"key": "h"}],
                "found": 0,
                "of": 2,
                "top": [{"record": 1, "score": 0.75, "relevance": 0.6, "parts": [0.5, 0.25]}],
                "first": [12],
            }
        ],
        "records": [
            {
                "key": "g",
                "source": "s1",
                "speaker": "Ana",
                "date": "8 May 2024",
                "text": "We moved to Lisbon.",
            },
            {"key": "o", "source": "s2", "speaker": "user", "text": "Nice."},
        ],
    }


def test_a_thousand_questions_stay_a_file_of_a_few_megabytes() -> None:
    hay = haystack(questions=1000, records=600)
    records = {(hay.namespace, record.key): record for record in hay.records}
    ranks = {system: {each.id: 3 for each in hay.questions} for system in EVERYTHING}
    shown = summary.browsable(outcomes(hay, 0.8), records, ranks)
    assert len(shown["questions"]) == 1000
    assert len(json.dumps(shown, ensure_ascii=False)) < 3_000_000


def test_long_texts_are_cut_and_say_so() -> None:
    record = Record("g", "s", 0, "word " * 1000)
    outcome = Outcome("talk", Question("q", "?"), [Recollection(record, 1.0)], {}, {}, 1)
    (shown,) = summary.browsable([outcome], {("talk", "g"): record}, {})["records"]
    assert shown["text"].endswith(" […4,500 more characters]")
    assert len(shown["text"]) < 600


def line(label: str, colour: str) -> plots.Line:
    return plots.Line(
        label, colour, {k: Interval(k / 20, k / 25, k / 15, 30) for k in (1, 3, 5, 10)}
    )


def test_a_plot_takes_its_colours_from_the_page_and_its_words_stay_words() -> None:
    drawing = plots.curves("p", [line("remem", "ours"), line("a < b", "other-0")], "k", "turn R@k")
    assert "var(--ours)" in drawing
    assert "var(--other-0)" in drawing
    assert not re.search(r"(fill|stroke|color): *#", drawing)
    assert ">.50 remem</text>" in drawing
    assert ">.50 a &lt; b</text>" in drawing
    assert drawing.startswith("<svg")
    assert "<style" not in drawing


def test_a_plot_is_the_same_every_time() -> None:
    dots = [plots.Dot("remem", "ours", 9.0, 15.0, Interval(0.8, 0.7, 0.9, 30))]
    groups = {"hop (3)": [("ours", Interval(0.8, 0.7, 0.9, 30))]}
    for draw in (
        lambda: plots.curves("p", [line("remem", "ours")], "k", "turn R@k"),
        lambda: plots.scatter("p", dots, "ms", "turn R@10"),
        lambda: plots.bars("p", groups, "turn R@10"),
    ):
        assert draw() == draw()


def test_labels_are_moved_apart_and_keep_their_order() -> None:
    places = plots.spread([0.5, 0.5, 0.52, 0.99, 1.0, 0.0], 0.1, 0.0, 1.0)
    ordered = sorted(places)
    assert all(after - before >= 0.1 - 1e-9 for before, after in pairwise(ordered))
    assert ordered[0] >= 0
    assert ordered[-1] <= 1
    assert places[5] < places[0] < places[2] < places[3] < places[4]


def test_labels_with_room_stay_where_they_are() -> None:
    assert plots.spread([0.9, 0.1, 0.5], 0.1, 0.0, 1.0) == [0.9, 0.1, 0.5]


def test_more_labels_than_room_still_do_not_overlap() -> None:
    ordered = sorted(plots.spread([0.5] * 15, 0.1, 0.0, 1.0))
    assert all(after - before >= 0.1 - 1e-9 for before, after in pairwise(ordered))


def test_curves_over_a_floor_give_their_values_at_the_marked_place() -> None:
    line_of_three = plots.Line(
        "evidence", "ours", {floor: Interval(1 - floor, 0, 1, 30) for floor in (0.01, 0.1, 0.8)}
    )
    scale = plots.Scale((0.01, 0.1), marked=0.1)
    drawing = plots.curves("p", [line_of_three], "floor", "kept", scale)
    assert ">.90 evidence</text>" in drawing
    assert ">.01</text>" in drawing
    assert ">.8</text>" not in drawing.replace(">.8</text>", "", 1)  # of the other axis only


def test_the_diagram_of_relevance_has_a_dot_for_each_tenth_and_a_diagonal() -> None:
    points = {0.1: Interval(0.2, 0.1, 0.3, 900), 0.9: Interval(0.7, 0.5, 0.9, 9)}
    drawing = plots.diagonal("p", points, "given", "matters")
    assert drawing == plots.diagonal("p", points, "given", "matters")
    assert drawing.count("<use") >= 2
    assert "var(--ours)" in drawing
    assert "stroke-dasharray" in drawing
    assert ">given</text>" in drawing


def test_a_system_that_judges_no_relevance_has_no_plots_of_it(tmp_path: Path) -> None:
    write_run(tmp_path / "run.sqlite", "LoCoMo", {"BM25": (0.6, 1.0)}, haystack(questions=9))
    write_report(tmp_path / "run.sqlite", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "reliability-0" not in text
    assert "floor-0" not in text
