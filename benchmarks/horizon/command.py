"""``remem bench horizon``: how far back a model knows what was said, alone and with remem."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import click
import torch

from remem import Memory
from remem.benchmarks import options
from remem.benchmarks.horizon import lstm, transformer
from remem.benchmarks.horizon.conversations import (
    EDGES,
    GUESSING,
    Bucket,
    Conversation,
    Question,
    buckets,
    conversation,
    world,
)
from remem.benchmarks.horizon.figures import Answer, Curve, curves
from remem.benchmarks.horizon.plot import draw
from remem.benchmarks.horizon.readers import RECALLED, GeneratorReader, Reader, SmallReader, Talk
from remem.benchmarks.horizon.recalling import Listener
from remem.benchmarks.horizon.training import Lessons, Plan, SmallModel, Vocabulary, train
from remem.benchmarks.machine import describe
from remem.benchmarks.pictures import can_write
from remem.benchmarks.running import command_line, folder_for_a_run
from remem.benchmarks.tables import print_rows
from remem.cli.screen import complain, print_json, print_out
from remem.encoders.opening import open_encoder
from remem.generators.opening import open_generator

_SMALL: Mapping[str, tuple[Callable[[int], SmallModel], Plan]] = {
    "LSTM": (lstm.LSTM, lstm.PLAN),
    "Transformer": (transformer.Transformer, transformer.PLAN),
}

_LONGER = 5_000
"""Tokens of the conversation beyond the furthest distance."""

_TOKENS_A_QUESTION = 1_600
"""Tokens that hold, on average, a fact to be asked at each of the nearest distances."""

_SEED = 1
"""Seed of the conversation."""


@dataclass(frozen=True)
class Bench:
    """A measurement to make.

    Attributes:
        count: Questions of a bucket.
        furthest: The largest distance, one of ``EDGES``.
        lessons: Share of the lessons to give; less than 1 only shows that everything runs.
        keep: Folder of trained models and filled memories, which are used again; their names have
            all that they depend on but the encoder, which a memory knows itself.
        seconds: Of processor time, by what took them; filled while it measures.
    """

    seeds: Sequence[int]
    count: int
    furthest: int
    lessons: float
    keep: Path
    encoder: str | None
    generators: Sequence[GeneratorReader]
    seconds: dict[str, float] = field(default_factory=dict)

    def answers(self) -> Iterator[Answer]:
        """All answers, seed by seed: other models and other questions, the same conversation."""
        enough = _LONGER // 2 + _TOKENS_A_QUESTION * self.count
        said = conversation(max(self.furthest + _LONGER, enough), _SEED)
        name = f"memory-{self.furthest}-{self.count}"
        with Memory(self.keep / name, encoder=open_encoder(self.encoder)) as memory:
            listener = Listener(memory)
            self._once("remembering", name, partial(listener.hear, said))
            for seed in self.seeds:
                readers: list[Reader] = [*self._small_readers(seed), *self.generators]
                talk = Talk(seed, said, self._asked(said, seed), listener)
                with self._timed("recalling"):
                    for _, question in talk.asked:
                        listener.texts(question, RECALLED)
                for reader in readers:
                    with self._timed(f"asking {reader.name}"):
                        yield from reader.answers(talk)

    def _asked(self, said: Conversation, seed: int) -> list[tuple[Bucket, Question]]:
        """The questions in the order in which they are asked."""
        random = Random(seed)
        asked = [
            (bucket, question)
            for bucket in buckets(self.furthest)
            for question in said.questions(bucket, self.count, random)
        ]
        return sorted(asked, key=lambda each: each[1].at)

    def _small_readers(self, seed: int) -> Iterator[SmallReader]:
        here = world()
        vocabulary = Vocabulary(here.vocabulary())
        for name, (kind, plan) in _SMALL.items():
            torch.manual_seed(seed)
            model: SmallModel = kind(len(vocabulary))
            lessons = Lessons(here, vocabulary, seed)
            weights = self.keep / f"{name}-{seed}-{self.lessons:g}.pt"
            learn = partial(_learn, model, lessons, plan.shortened(self.lessons), weights)
            self._once(f"training {name}", weights.stem, learn)
            model.load_state_dict(torch.load(weights, weights_only=True))
            yield SmallReader(name, model, vocabulary)

    def _once(self, what: str, name: str, work: Callable[[], None]) -> None:
        """Do work whose result is kept, unless it was done before; its time counts in any case."""
        note = self.keep / f"{name}.json"
        if not note.exists():
            complain(f"{what}: {name}")
            began = time.process_time()
            work()
            note.write_text(json.dumps({"seconds": time.process_time() - began}), "utf-8")
        self._count(what, json.loads(note.read_text("utf-8"))["seconds"])

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self._count(what, time.process_time() - began)

    def _count(self, what: str, seconds: float) -> None:
        self.seconds[what] = self.seconds.get(what, 0) + seconds


def _learn(model: SmallModel, lessons: Lessons, plan: Plan, weights: Path) -> None:
    train(model, lessons, plan, complain)
    torch.save(model.state_dict(), weights)


@click.command()
@options.count("--seeds", 3, "Trainings of the small models, each asked other questions")
@options.count("--questions", 64, "Questions of a bucket of distances, for each seed")
@click.option(
    "--furthest",
    type=click.Choice([str(edge) for edge in EDGES[1:]]),
    default=str(EDGES[-1]),
    show_default=True,
    help="Largest distance between a fact and its question, in tokens",
)
@click.option(
    "--generator",
    "generators",
    multiple=True,
    metavar="MODEL",
    help="A generator besides, as 'remem chat' takes it; may be repeated",
)
@options.count("--window", 1000, "Tokens of the conversation that a generator reads")
@options.count("--generator-questions", 10, "Questions of a bucket for a generator")
@click.option(
    "--lessons",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the lessons of the small models: less only shows that everything runs",
)
@options.encoder
@click.option("--keep", type=options.FOLDER, help="Keep models and memories there, for other runs")
@options.plot("accuracy over distance")
@options.as_json
def horizon(
    seeds: int,
    questions: int,
    furthest: str,
    generators: tuple[str, ...],
    window: int,
    generator_questions: int,
    lessons: float,
    encoder: str | None,
    keep: Path | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Measure how far back models know what was said: in weights, in a window, with remem in front.

    Trains an LSTM and a Transformer, tells them and a memory long conversations, and asks for facts
    that were said 3 to 100,000 tokens ago.
    """
    if picture:
        can_write(picture)
    others = [
        GeneratorReader(name, open_generator(name), window, generator_questions)
        for name in generators
    ]
    with folder_for_a_run(keep, "--keep") as folder:
        numbers = range(1, seeds + 1)
        bench = Bench(numbers, questions, int(furthest), lessons, folder, encoder, others)
        drawn = curves(list(bench.answers()))
    if picture:
        draw(drawn, picture)
    if as_json:
        given = {
            "--seeds": seeds,
            "--questions": questions,
            "--furthest": furthest,
            "--generator": generators,
            "--window": generators and window,
            "--generator-questions": generators and generator_questions,
            "--lessons": lessons < 1 and lessons,
            "--encoder": encoder,
        }
        print_json(_everything(command_line("horizon", given), drawn, bench))
    else:
        _show(drawn, bench)


def _show(drawn: Sequence[Curve], bench: Bench) -> None:
    headings = ["tokens between", *(curve.name for curve in drawn)]
    rows = [
        [named(bucket), *(_cell(curve, bucket) for curve in drawn)]
        for bucket in buckets(bench.furthest)
    ]
    horizons = ["horizon", *(f"{curve.horizon:,}" for curve in drawn)]
    title = (
        f"{len(bench.seeds)} seeds, {bench.count} questions of each in a bucket: right "
        f"answers, with 95 % intervals; guessing is right in {GUESSING:.2f}"
    )
    print_rows(title, headings, [*rows, horizons], None)
    print_rows(
        "Seconds of processor time",
        ["", "s"],
        [[what, f"{spent:.0f}"] for what, spent in bench.seconds.items()],
        None,
    )
    print_out(describe())


def named(bucket: Bucket) -> str:
    """A bucket as one reads it."""
    return f"{bucket[0]:,}-{bucket[1]:,}"


def _cell(curve: Curve, bucket: Bucket) -> str:
    share = curve.shares[bucket]
    return f"{share.mean:.2f} ({share.low:.2f}-{share.high:.2f})"


def _everything(command: str, drawn: Sequence[Curve], bench: Bench) -> dict[str, Any]:
    return {
        "command": command,
        "machine": describe(),
        "guessing": GUESSING,
        "questions": len(bench.seeds) * bench.count,
        "seconds": {what: round(spent, 1) for what, spent in bench.seconds.items()},
        "curves": [
            {
                "model": curve.model,
                "arm": curve.arm,
                "horizon": curve.horizon,
                "buckets": [
                    {
                        "tokens": named(bucket),
                        **{name: round(value, 3) for name, value in asdict(share).items()},
                        "seeds": [round(each, 3) for each in curve.by_seed[bucket]],
                        "recalled": curve.found[bucket],
                    }
                    for bucket, share in curve.shares.items()
                ],
            }
            for curve in drawn
        ],
    }
