"""The five uses measured, on data that is invented."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sacrebleu")
pytest.importorskip("vaderSentiment")

from click.testing import CliRunner, Result

from remem.benchmarks.intervals import Interval
from remem.benchmarks.uses import generation, labels, translations
from remem.benchmarks.uses.command import bar_name, uses
from remem.benchmarks.uses.generated import Gain
from remem.benchmarks.uses.summaries import last_words, people, quoted, told
from remem.store import InvalidInput
from remem.testing import HashEncoder

NEWS = "I just bought the old bakery in Lisbon last week."


def sample(name: str) -> dict[str, object]:
    def turns(session: int, *texts: str) -> list[dict[str, str]]:
        return [
            {"speaker": "Nora", "dia_id": f"D{session}:{at}", "text": text}
            for at, text in enumerate(texts, 1)
        ] + [{"speaker": "Ravi", "dia_id": f"D{session}:9", "text": "Good for you, my dear old."}]

    return {
        "sample_id": name,
        "conversation": {
            "speaker_a": "Nora",
            "speaker_b": "Ravi",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": turns(1, NEWS, "It was so nice to see all of you there again."),
            "session_2_date_time": "1:56 pm on 9 May, 2023",
            "session_2": turns(
                2, "Today I finally joined the choir.", "We all sing on Mondays now."
            ),
        },
        "event_summary": {
            "events_session_1": {
                "Nora": ["Nora buys a bakery near Porto."],
                "Ravi": [],
                "date": "8",
            },
            "events_session_2": {"Nora": ["Nora joins a choir."], "Ravi": [], "date": "9"},
        },
        "qa": [
            {
                "question": "What did Nora buy?",
                "answer": "bakery",
                "evidence": ["D1:1"],
                "category": 4,
            }
        ],
    }


@pytest.fixture
def conversations(tmp_path: Path) -> Path:
    path = tmp_path / "locomo.json"
    path.write_text(json.dumps([sample("conv-1"), sample("conv-26")]), "utf-8")
    return path


@pytest.fixture
def ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(labels, "EXAMPLES", (10, 30))
    monkeypatch.setattr(labels, "_TESTED", 30)
    folder = tmp_path / "ratings"
    folder.mkdir()
    for kind, name in enumerate(labels.SETS.values()):
        rows = [
            f"{number}\t{rating}\tthing{kind} number{number} {word} set{kind}"
            for number in range(80)
            for rating, word in [((3, "great"), (-3, "horrible"), (0, "there"))[number % 3]]
        ]
        (folder / name).write_text("\n".join(rows), "utf-8")
    return folder


@pytest.fixture
def releases(tmp_path: Path) -> tuple[Path, Path]:
    header = 'msgid ""\nmsgstr ""\n"Language: es\\n"\n\n'

    def release(name: str, *pairs: tuple[str, str]) -> Path:
        folder = tmp_path / name / "locale"
        folder.mkdir(parents=True)
        entries = (f'msgid "{one}"\nmsgstr "{other}"\n\n' for one, other in pairs)
        (folder / "app.po").write_text(header + "".join(entries), "utf-8")
        return tmp_path / name

    known = ("At most 3 files.", "Como máximo 3 archivos."), ("password", "contraseña")
    new = (
        ("At most 5 files.", "Como máximo 5 archivos."),
        ("Enter the password now", "Una contraseña"),
    )
    return release("older", *known), release("newer", *known, *new)


def test_an_event_is_told_by_lines_of_its_own_session_only(conversations: Path) -> None:
    nora = next(one for one in people(conversations) if one.name == "Nora")
    assert told(nora.events, quoted(nora.records, 100)) == pytest.approx((1 / 2 + 1) / 2)
    first = [line for line in quoted(nora.records, 100) if line.record.source == "session-01"]
    assert told(nora.events, first) == pytest.approx(1 / 4)


def test_the_last_words_are_as_many_as_were_asked_for(conversations: Path) -> None:
    nora = next(one for one in people(conversations) if one.name == "Nora")
    lines = last_words(nora.records, 8)
    assert [line.text for line in lines] == ["We all sing on Mondays now.", "the choir."]


def test_a_person_of_whom_no_event_is_told_is_left_out(conversations: Path) -> None:
    assert [one.name for one in people(conversations)] == ["Nora", "Nora"]


def translated(releases: tuple[Path, Path], command: str | None) -> translations.TranslationFigures:
    with translations.remembered(releases[0], HashEncoder()) as memory:
        return translations.figures(memory, translations.messages(*releases, "es"), command)


def test_messages_are_scored_by_the_best_match(releases: tuple[Path, Path]) -> None:
    found = translated(releases, None)
    assert (found.stored, found.messages, found.engine) == (2, 2, None)
    assert found.copies == pytest.approx(100)
    assert [(one.least, one.messages) for one in found.buckets] == [(85, 1), (0, 1)]


def test_a_glossary_is_counted_with_an_engine(releases: tuple[Path, Path], tmp_path: Path) -> None:
    script = tmp_path / "engine.py"
    script.write_text("import sys; print(sys.stdin.read())", "utf-8")
    command = f"'{sys.executable}' '{script}'"
    found = translated(releases, command)
    assert (found.terms, found.kept, found.kept_alone) == (1, 1, 0)


def test_two_equal_releases_have_nothing_to_translate(releases: tuple[Path, Path]) -> None:
    with pytest.raises(InvalidInput, match="has no message that"):
        translations.messages(releases[0], releases[0], "es")
    with pytest.raises(InvalidInput, match="no catalogue with translations into 'fr'"):
        translations.messages(*releases, "fr")


def test_labels_are_learned_and_strangers_told(ratings: Path) -> None:
    films, *others = labels.rated_sets(ratings, HashEncoder())
    figures = labels.figures(films)
    assert figures.accuracy[30].mean > 0.9
    assert figures.vader == 1
    assert min(labels.strangers([films, *others]).values()) > 0.9


def test_a_folder_without_the_ratings_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="unpack additional_resources"):
        list(labels.rated_sets(tmp_path, HashEncoder()))


def test_each_request_asks_for_a_fact_that_its_own_words_do_not_give_away() -> None:
    for request in generation.requests():
        assert not request.is_met(request.text)
        assert request.is_met(" ".join(text for _, text in request.facts))


Bench = Callable[..., Result]


@pytest.fixture
def bench() -> Bench:
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(uses, ["--encoder", "hash", *map(str, arguments)])

    return run


def test_the_page_and_the_figures_have_all_five_uses(
    bench: Bench,
    conversations: Path,
    ratings: Path,
    releases: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    older, newer = releases
    data = ("--data", conversations, "--ratings", ratings, "--older", older, "--newer", newer)
    options = ("--language", "es", "--generator", "echo", "--out", tmp_path / "out")
    done = bench(*data, *options)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out" / "uses.html").read_text("utf-8")
    for title in ("Summary", "Translation", "Question answering", "Labels", "Generation"):
        assert f"<h2>{title}</h2>" in page
    assert page.count("<svg") == 4
    assert "https://" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert NEWS not in page
    figures = json.loads((tmp_path / "out" / "uses.json").read_text("utf-8"))
    assert figures["summary"]["quoted"]["500"] == pytest.approx(3 / 4)
    given = figures["generators"]["echo"]["generation: facts and habits used"]
    assert given[0] == 0 < given[1]
    assert str(tmp_path) not in page


def test_what_is_not_named_is_not_measured(bench: Bench, releases: tuple[Path, Path]) -> None:
    assert bench().exit_code == 2
    assert bench("--older", releases[0]).exit_code == 2
    done = bench("--older", releases[0], "--newer", releases[1], "--language", "es")
    assert done.exit_code == 0
    assert "Summary" not in done.output


def test_a_use_that_is_measured_twice_has_two_bars() -> None:
    share = Interval(0.5, 0.4, 0.6, 10)
    gains = [
        Gain("translation", "into es, chrF++ / 100", share, share),
        Gain("translation", "into de, chrF++ / 100", share, share),
        Gain("generation", "facts and habits used", share, share),
    ]
    assert [bar_name(one, gains) for one in gains] == [
        "translation into es",
        "translation into de",
        "generation",
    ]
