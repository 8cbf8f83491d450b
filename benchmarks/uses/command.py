"""``uses``: the five uses measured, memory off and on, with and without a language model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from markupsafe import Markup

from remem import Memory
from remem.benchmarks import options
from remem.benchmarks.datasets.base import Haystack, gold_of
from remem.benchmarks.datasets.locomo import LOCOMO
from remem.benchmarks.intervals import Interval, share_interval
from remem.benchmarks.machine import describe
from remem.benchmarks.report import plots
from remem.benchmarks.report.figures import (
    Figures,
    Section,
    figure_page,
    print_section,
    write_figures,
)
from remem.benchmarks.report.page import Plot
from remem.benchmarks.running import command_line, make_folder
from remem.benchmarks.uses import generated, generation, labels, summaries, translations
from remem.benchmarks.uses.generated import Gain
from remem.cli.screen import complain
from remem.encoders.opening import open_encoder
from remem.encoders.sentence_transformer import Encoder
from remem.generators.opening import Generator, open_generator
from remem.store import InvalidInput

_FIVE = 5
"""Memories that a person reads when he looks for an answer."""

_WORDS = (500, 1000)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Measurements to make, as the options say.

    Attributes:
        engines: Language -> command of an engine, None without one.
    """

    data: Path | None
    ratings: Path | None
    older: Path | None
    newer: Path | None
    engines: Mapping[str, str | None]
    generators: Mapping[str, Generator]
    limit: int
    generator_limit: int
    encoder: Encoder
    figures: dict[str, object] = field(default_factory=dict)

    def sections(self) -> Iterator[Section]:
        """A section for each use, and one of the generators."""
        gains: dict[str, list[Gain]] = {name: [] for name in self.generators}
        if self.data:
            yield from self._summaries(self.data, gains)
        if self.older and self.newer:
            yield self._translations(self.older, self.newer, gains)
        if self.data:
            yield self._answers(self.data, gains)
        if self.ratings:
            yield self._labels(self.ratings, gains)
        yield self._generation(gains)
        if gains:
            yield self._generated(gains)

    def _summaries(self, data: Path, gains: Mapping[str, list[Gain]]) -> Iterator[Section]:
        everybody = list(summaries.people(data))
        chosen_with = [one for one in everybody if one.conversation in summaries.CHOSEN_WITH]
        others = [one for one in everybody if one.conversation not in summaries.CHOSEN_WITH]
        if not others:
            raise InvalidInput(
                f"{data} has only the conversations with which summaries were made: name a file "
                "with others"
            )
        ours = summaries.curve(others, summaries.quoted)
        last = summaries.curve(others, summaries.last_words)
        seen = summaries.curve(chosen_with, summaries.quoted) if chosen_with else {}
        lines = [
            plots.Line("quoted", "ours", ours),
            plots.Line("the last words", plots.MUTED[0], last),
        ]
        ticks = plots.Scale(summaries.BUDGETS)
        svg = plots.curves("summary", lines, "words", "words of the events", ticks)
        self.figures["summary"] = {
            "quoted": _means(ours),
            "last words": _means(last),
            "used for choosing": _means(seen),
        }
        rows = [
            [name, *(_told(curve.get(float(words))) for words in summaries.BUDGETS)]
            for name, curve in (
                ("quoted", ours),
                ("the last words", last),
                ("quoted, those it was made with", seen),
            )
            if curve
        ]
        told = " and ".join(f"{ours[words].mean:.3f} at {words:,} words" for words in _WORDS)
        yield Section(
            "Summary",
            f"Of what befell a person, {told}; the last words have "
            f"{last[_WORDS[0]].mean:.3f} and {last[_WORDS[1]].mean:.3f}.",
            [Plot(Markup(svg), "Events told, by length")],
            [
                Figures(
                    "Share of the words of each event that its session's lines have",
                    ["", *(f"{words:,}" for words in summaries.BUDGETS)],
                    rows,
                    f"{len(others)} people of LoCoMo's event summaries, each summarized alone; "
                    "names and common words do not count. 95 % intervals over people.",
                )
            ],
        )
        for name, generator in self.generators.items():
            gains[name] += generated.summary_gain(generator, others, self.encoder)

    def _translations(self, older: Path, newer: Path, gains: Mapping[str, list[Gain]]) -> Section:
        asked = [translations.messages(older, newer, language) for language in self.engines]
        with translations.remembered(older, self.encoder) as memory:
            found = [
                translations.figures(memory, texts, self.engines[texts.language]) for texts in asked
            ]
            for texts in asked:
                for name, generator in self.generators.items():
                    gains[name] += generated.translation_gain(generator, memory, texts)
        self.figures["translation"] = {
            one.language: {
                "messages": one.messages,
                "chrF++ with memory": one.memory,
                "chrF++ of the engine alone": one.engine,
                "chrF++ of copies": one.copies,
                "terms": one.terms,
                "terms kept": one.kept,
                "terms kept by the engine alone": one.kept_alone,
                "buckets": {
                    each.least: [each.messages, each.memory, each.engine] for each in one.buckets
                },
            }
            for one in found
        }
        overall = Figures(
            "All new messages",
            [
                "language",
                "stored",
                "new",
                "with memory",
                "engine alone",
                "copies",
                "terms kept",
                "engine alone",
            ],
            [
                [
                    *(one.language, f"{one.stored:,}", f"{one.messages:,}", f"{one.memory:.1f}"),
                    *(_number(one.engine), f"{one.copies:.1f}", _number(one.kept, 3)),
                    _number(one.kept_alone, 3),
                ]
                for one in found
            ],
            "chrF++, by sacrebleu. The glossary of the last columns has the one-word messages of "
            "the older release; with it, chrF++ is lower where a word of an interface is another "
            "in a sentence.",
        )
        return Section(
            "Translation",
            " ".join(map(_sentence_on, found)),
            [_bucket_plot(one) for one in found],
            [overall, *map(_bucket_table, found)],
        )

    def _answers(self, data: Path, gains: Mapping[str, list[Gain]]) -> Section:
        haystacks = [
            one
            for one in LOCOMO.open(data).haystacks()
            if one.namespace not in summaries.CHOSEN_WITH
        ]
        share = _evidence_among(haystacks, self.limit, self.encoder)
        for name, generator in self.generators.items():
            gains[name] += generated.answer_gain(
                generator, haystacks, self.generator_limit, self.encoder
            )
        self.figures["question answering"] = {"evidence among five": share and share.mean}
        return Section(
            "Question answering",
            f"With memory and no model, the evidence stands among the first five memories for "
            f"{_told(share)} of the questions; without memory there is none. 'remem ask' quotes "
            "it; 'bench answers' measures answers, 'bench recall' the search.",
        )

    def _labels(self, folder: Path, gains: Mapping[str, list[Gain]]) -> Section:
        sets = list(labels.rated_sets(folder, self.encoder))
        found = [labels.figures(one) for one in sets]
        areas = labels.strangers(sets)
        for name, generator in self.generators.items():
            gains[name] += generated.label_gain(generator, sets[0])
        self.figures["labels"] = {
            one.name: {
                "accuracy": _means(one.accuracy),
                "answered": one.answered,
                "unknown": one.unknown,
                "VADER": one.vader,
                "commonest": one.commonest,
            }
            for one in found
        } | {
            "AUROC of another domain": {
                f"{own} / {other}": at for (own, other), at in areas.items()
            }
        }
        colours = dict(zip([one.name for one in found], ["ours", *plots.MUTED], strict=False))
        lines = [plots.Line(one.name, colours[one.name], one.accuracy) for one in found]
        scale = plots.Scale(labels.EXAMPLES)
        svg = plots.curves("labels", lines, "labelled memories", "right of three labels", scale)
        most = max(labels.EXAMPLES)
        rows = [
            [
                one.name,
                *(_told(one.accuracy[count]) for count in labels.EXAMPLES),
                *(f"{one.answered:.3f}", f"{one.unknown:.3f}"),
                *(f"{one.vader:.3f}", f"{one.commonest:.3f}"),
            ]
            for one in found
        ]
        names = [one.name for one in found]
        return Section(
            "Labels",
            f"From {most} labelled texts, right of three: "
            + ", ".join(f"{one.name} {one.accuracy[most].mean:.3f}" for one in found)
            + f". Another domain is told from what was learned with an area of "
            f"{min(areas.values()):.2f} to {max(areas.values()):.2f}.",
            [Plot(Markup(svg), "Right labels, by the number of examples")],
            [
                Figures(
                    "Good, bad or neutral",
                    [
                        "set",
                        *(f"{count} examples" for count in labels.EXAMPLES),
                        "right of those labelled",
                        "don't know",
                        "VADER",
                        "commonest label",
                    ],
                    rows,
                    "Ten draws of the examples. VADER is rules made for tweets, and asks for no "
                    "example.",
                ),
                Figures(
                    "Another domain, told by its nearness to the examples (AUROC)",
                    ["learned", *names],
                    [
                        [own, *(_number(areas.get((own, other)), 3) for other in names)]
                        for own in names
                    ],
                ),
            ],
        )

    def _generation(self, gains: Mapping[str, list[Gain]]) -> Section:
        had = generation.shown(self.encoder)
        for name, generator in self.generators.items():
            gains[name] += generated.generation_gain(generator, self.encoder)
        self.figures["generation"] = {"facts in the prompt": sum(had), "requests": len(had)}
        return Section(
            "Generation",
            f"The prompt has the fact, or the habit of writing, that a request is about in "
            f"{sum(had)} of {len(had)} cases with memory, and in none without. What a model makes "
            "of it is below.",
        )

    def _generated(self, gains: Mapping[str, list[Gain]]) -> Section:
        self.figures["generators"] = {
            name: {
                f"{one.use}: {one.measure}": [one.without.mean, one.given.mean, one.given.count]
                for one in found
            }
            for name, found in gains.items()
        }
        tables = [
            Figures(
                name,
                ["use", "measure", "without memory", "with memory", "cases"],
                [
                    [
                        one.use,
                        one.measure,
                        _told(one.without),
                        _told(one.given),
                        f"{one.given.count}",
                    ]
                    for one in found
                ],
            )
            for name, found in gains.items()
        ]
        drawings = [
            Plot(
                Markup(
                    plots.bars(
                        f"generator-{number}",
                        {
                            bar_name(one, found): [
                                ("ours", one.given),
                                (plots.MUTED[0], one.without),
                            ]
                            for one in found
                        },
                        "share",
                    )
                ),
                name,
                [("ours", "with memory"), (plots.MUTED[0], "without")],
            )
            for number, (name, found) in enumerate(gains.items())
            if found
        ]
        return Section(
            "With a language model",
            "The same model, with memory in front of it and without. A stronger one is added with "
            "--generator URL#MODEL.",
            drawings,
            tables,
        )


def _evidence_among(haystacks: Sequence[Haystack], limit: int, encoder: Encoder) -> Interval | None:
    """Share of the questions with evidence that have some of it among the first memories."""
    hits = asked = 0
    for haystack in haystacks:
        questions = [one for one in haystack.questions if one.answerable and one.evidence]
        questions = questions[: limit - asked]
        if not questions:
            continue
        with Memory(":memory:", encoder=encoder) as memory:
            memory.add_records(haystack.records)
            for each in questions:
                found = memory.search(each.text, _FIVE, now=each.asked_at)
                hits += any(one.record.key in gold_of(each.evidence) for one in found)
        asked += len(questions)
    return share_interval(hits, asked)


def bar_name(one: Gain, among: Sequence[Gain]) -> str:
    """The use; what is measured besides, where a use is measured in several ways."""
    is_only = sum(each.use == one.use for each in among) == 1
    return one.use if is_only else f"{one.use} {one.measure.partition(',')[0]}"


def _sentence_on(one: translations.TranslationFigures) -> str:
    alone = "" if one.engine is None else f" (engine alone {one.engine:.1f})"
    return (
        f"Into {one.language}: chrF++ {one.memory:.1f}{alone} over {one.messages} new messages, "
        f"{one.copies:.1f} over those that memory has something like."
    )


def _bucket_plot(one: translations.TranslationFigures) -> Plot:
    groups = {
        f"{each.least} % and more ({each.messages})": [
            ("ours", _point(each.memory, each.messages)),
            *(
                [(plots.MUTED[0], _point(each.engine, each.messages))]
                if each.engine is not None
                else []
            ),
        ]
        for each in one.buckets
    }
    svg = plots.bars(f"buckets-{one.language}", groups, "chrF++ / 100")
    legend = [("ours", "with memory")]
    legend += [(plots.MUTED[0], "engine alone")] if one.engine is not None else []
    return Plot(Markup(svg), f"Into {one.language}, by the best match", legend)


def _bucket_table(one: translations.TranslationFigures) -> Figures:
    return Figures(
        f"Into {one.language}, by the best match",
        ["match", "messages", "with memory", "engine alone"],
        [
            [
                f"{each.least} % and more",
                f"{each.messages}",
                f"{each.memory:.1f}",
                _number(each.engine),
            ]
            for each in one.buckets
        ],
        ""
        if one.engine is not None
        else "Without an engine, what is below 70 % has no translation.",
    )


def _point(value: float, count: int) -> Interval:
    """A score of a corpus, which has no interval."""
    return Interval(value / 100, value / 100, value / 100, count)


def _means(curve: Mapping[float, Interval]) -> dict[str, float]:
    return {f"{place:g}": round(value.mean, 4) for place, value in curve.items()}


def _told(value: Interval | None) -> str:
    return "–" if value is None else f"{value.mean:.3f} ± {value.margin:.3f}"


def _number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _engines(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: Sequence[str],
) -> dict[str, str | None]:
    pairs = (each.partition("=") for each in value)
    return {language: command or None for language, _, command in pairs}


_FILE = click.Path(path_type=Path, exists=True)


@click.command()
@click.option("--data", type=_FILE, help="LoCoMo's original file: summaries and questions")
@click.option("--ratings", type=_FILE, help="The folder of VADER's rated texts: labels")
@click.option("--older", type=_FILE, help="A folder with .po files of an older release: memory")
@click.option("--newer", type=_FILE, help="The same of a newer release: what is to be translated")
@click.option(
    "--language",
    "engines",
    multiple=True,
    default=("es", "de"),
    show_default=True,
    metavar="LANGUAGE[=COMMAND]",
    callback=_engines,
    help="Into which, and the engine for the rest, as in 'es=apertium -u eng-spa'; may be repeated",
)
@click.option(
    "--generator",
    "specs",
    multiple=True,
    metavar="MODEL",
    help="With this model too; repeat for more",
)
@options.count("--limit", 100, "Questions whose evidence is looked for")
@options.count("--generator-questions", 20, "Questions of these that a generator answers")
@options.encoder
@options.out
def uses(
    data: Path | None,
    ratings: Path | None,
    older: Path | None,
    newer: Path | None,
    engines: dict[str, str | None],
    specs: tuple[str, ...],
    limit: int,
    generator_questions: int,
    encoder: str | None,
    out: Path | None,
) -> None:
    """Measure what memory is worth to summaries, translations, answers, labels and texts.

    None of the data is part of remem: LoCoMo (CC BY-NC 4.0), VADER's rated texts (MIT, in the
    source archive of vaderSentiment on PyPI), the catalogues of two releases of Django (BSD). What
    is not named is not measured.
    """
    if (older is None) != (newer is None):
        raise click.UsageError("translations take both --older and --newer")
    if not (data or ratings or older or specs):
        raise click.UsageError(
            "name what to measure on: --data, --ratings, --older and --newer, or a --generator"
        )
    folder = make_folder(out) if out else None
    generators = {spec: open_generator(spec) for spec in specs}
    plan = _Plan(
        data,
        ratings,
        older,
        newer,
        engines,
        generators,
        limit,
        generator_questions,
        open_encoder(encoder),
    )
    sections = []
    for section in plan.sections():
        print_section(section)
        sections.append(section)
    if folder is None:
        complain("nothing was written; --out FOLDER keeps the page and the figures")
        return
    files = {"--data": data, "--ratings": ratings, "--older": older, "--newer": newer}
    command = command_line(
        "uses",
        {
            **{name: path and path.name for name, path in files.items()},
            "--limit": limit,
            "--language": tuple(f"{to}={by}" if by else to for to, by in engines.items()),
            "--generator": specs,
            "--generator-questions": specs and generator_questions,
        },
    )
    facts = {"Machine": describe(), "Command": command, "Encoder": plan.encoder.fingerprint}
    page = figure_page(
        "What memory is worth",
        "Five uses of what was said and read, with memory and without; no language model unless "
        "one is named.",
        sections,
        facts,
    )
    write_figures(folder, "uses", page, {**facts, **plan.figures})
