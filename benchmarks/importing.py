"""Time that systems take to make texts searchable, and that the arithmetic alone would take."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TextIO

import click
import numpy as np
from numpy.typing import NDArray

from remem import BundledEncoder, Memory
from remem.benchmarks import options
from remem.benchmarks.datasets.base import Dataset
from remem.benchmarks.datasets.detect import detect_all
from remem.benchmarks.machine import apart, describe
from remem.benchmarks.running import SMOKE
from remem.benchmarks.systems.texts import SYSTEMS
from remem.benchmarks.tables import print_rows
from remem.cli.screen import print_json
from remem.encoders.minilm import MiniLM
from remem.encoders.models import bundled_folder
from remem.encoders.opening import load_now
from remem.store import Record
from remem.views import line

_WARM_UP = 3
_TURNS = _WARM_UP + 50
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Imported:
    """The work of one system.

    Attributes:
        seconds: From the first text to the answer to a first question, the model being loaded.
        processor: Seconds of all its threads in that time.
        loading: Seconds of all its threads until its model was loaded.
    """

    seconds: float
    processor: float
    loading: float


@click.command("import")
@options.data
@click.option("--systems", default=",".join(SYSTEMS), show_default=True, help="Which, with commas")
@options.count("--repeat", 1, "Times that each system is measured, in turns; the best counts")
@options.markdown
@options.as_json
def importing(
    paths: Sequence[Path], systems: str, repeat: int, markdown: TextIO | None, as_json: bool
) -> None:
    """Measure how long remem, txtai, Chroma and a plain loop take to make texts searchable.

    All get the same texts and model, each in a process of its own, one after the other. The limit
    is the time that the products of the model alone take for the tokens of all texts, each read
    once, at the speed at which this processor multiplies.
    """
    names = options.systems_named(systems, SYSTEMS, {})
    for dataset in detect_all(paths or [SMOKE]):
        records = texts_of(dataset)
        best: dict[str, tuple[Imported, float]] = {}
        for _ in range(repeat):
            for name in names:
                found = apart(_import_all, name, records)
                if name not in best or found[0].processor < best[name][0].processor:
                    best[name] = found
        limit = limit_of(records)
        figures = {name: _figures(*best[name], len(records), limit) for name in names}
        turns = apart(chat_turns, records)[0] if "remem" in names else {}
        if as_json:
            print_json(
                {
                    "machine": describe(),
                    "dataset": dataset.name,
                    "records": len(records),
                    "limit, CPU s": limit,
                    "systems": figures,
                    "a turn of a chat": turns,
                }
            )
            continue
        headings = ["system", *next(iter(figures.values()))]
        rows = [[name, *_cells(each)] for name, each in figures.items()]
        chat = ", ".join(f"{name} {value:.1f}" for name, value in turns.items())
        notes = [f"the limit: {limit:.2f} CPU s", f"a turn of a chat: {chat}"]
        title = f"{dataset.name}: {len(records):,} records"
        print_rows(title, headings, rows, markdown, title, *notes)


def texts_of(dataset: Dataset) -> list[Record]:
    """All records of a data set, each with a key and a source of its own haystack."""
    return [
        replace(
            record,
            key=f"{haystack.namespace}/{record.key}",
            source=f"{haystack.namespace}/{record.source}",
        )
        for haystack in dataset.haystacks()
        for record in haystack.records
    ]


def limit_of(records: Sequence[Record]) -> float:
    """Seconds of a processor for the products of the bundled model over the lines of all records,
    each distinct one once, at the speed of its largest product."""
    lengths = [len(one) for one in MiniLM(bundled_folder()).tokens([*set(map(line, records))])]
    return operations(lengths) / speed()


def operations(lengths: Sequence[int]) -> float:
    """Multiplications and additions of all-MiniLM-L6-v2 for texts of so many tokens.

    Of each of six layers, for each token: query, key, value and their mix (4 products of 384 x
    384), and to 1,536 and back (2 of 384 x 1,536); and with each token of its text, two products of
    384.
    """
    layers, dim, wide = 6, 384, 1536
    tokens = np.array(lengths, np.float64)
    each = 2 * (4 * dim * dim + 2 * dim * wide)
    return float(layers * (each * tokens.sum() + 2 * 2 * dim * (tokens**2).sum()))


def speed() -> float:
    """Operations a second of one processor in the model's largest product: the best of many."""
    import torch

    from remem.encoders.layers import plain, reordered
    from remem.encoders.models import fast_dtype

    kind = fast_dtype("cpu")
    states, weights, bias = (
        torch.zeros(shape).to(kind) for shape in ((512, 384), (1536, 384), (1536,))
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        product = (reordered if kind == torch.bfloat16 else plain)((weights, bias))
        spent = []
        for _ in range(200):
            start = _clocks()
            product(states)
            spent.append((_clocks() - start)[1])
    finally:
        torch.set_num_threads(threads)
    return 2 * 512 * 384 * 1536 / float(min(spent))


def chat_turns(records: Sequence[Record]) -> Mapping[str, float]:
    """Milliseconds of a turn of a chat, beside a memory of a thousand of the records: two messages
    are stored; and then found by a search."""
    texts = list(islice((record.text for record in records if len(record.text) < 500), _TURNS))
    encoder = BundledEncoder()
    load_now(encoder)
    stored, found = [], []
    with tempfile.TemporaryDirectory() as folder, Memory(folder, encoder=encoder) as memory:
        memory.add_records(records[:_REMEMBERED])
        for number, text in enumerate(texts):
            said = [
                {"role": "user", "content": f"{text} ({number})"},
                {"role": "assistant", "content": f"Noted: {text} ({number})"},
            ]
            start = _clocks()
            memory.add_messages(said, session="a chat")
            stored.append(_clocks() - start)
            memory.search(text, 10)
            found.append(_clocks() - start)
    return {
        f"{name} p50, {unit}": 1000 * float(np.median(times[_WARM_UP:], axis=0)[clock])
        for name, times in (("stored", stored), ("stored and found", found))
        for clock, unit in enumerate(("ms", "CPU ms"))
    }


def _import_all(name: str, records: Sequence[Record]) -> Imported:
    start = _clocks()
    with tempfile.TemporaryDirectory() as folder, SYSTEMS[name](Path(folder)) as system:
        loaded = _clocks()
        system.add(records)
        system.search(records[0].text, 1)
        seconds, processor = _clocks() - loaded
    return Imported(float(seconds), float(processor), float((loaded - start)[1]))


def _clocks() -> NDArray[np.float64]:
    """The time, and the processors' time of all threads of this process, in seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def _figures(found: Imported, peak: float, records: int, limit: float) -> dict[str, float]:
    return {
        "records/s": records / found.seconds,
        "records/CPU s": records / found.processor,
        "CPU s": found.processor,
        "CPU s to load": found.loading,
        "peak MB": peak,
        "of the limit": limit / found.processor,
    }


def _cells(figures: Mapping[str, float]) -> list[str]:
    *others, share = figures.values()
    return [*(f"{value:,.1f}" for value in others), f"{share:.0%}"]
