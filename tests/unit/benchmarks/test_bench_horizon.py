"""``remem bench horizon``: its conversations, its small models, its figures, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain, pairwise
from pathlib import Path
from random import Random

import pytest

torch = pytest.importorskip("torch")

from remem import Memory
from remem.benchmarks.__main__ import main
from remem.benchmarks.horizon.conversations import (
    EDGES,
    GUESSING,
    Conversation,
    buckets,
    conversation,
    tokens_of,
    world,
)
from remem.benchmarks.horizon.figures import ALONE, WITH, Answer, curves
from remem.benchmarks.horizon.lstm import LSTM
from remem.benchmarks.horizon.readers import GeneratorReader, SmallReader, Talk
from remem.benchmarks.horizon.recalling import Listener
from remem.benchmarks.horizon.training import (
    MEMORY,
    Lessons,
    Plan,
    SmallModel,
    Stage,
    Vocabulary,
    prompt,
    train,
)
from remem.benchmarks.horizon.transformer import Transformer
from remem.cli.app import run
from remem.store import InvalidInput
from remem.testing import EchoGenerator, HashEncoder

LENGTH = 8_000
MODELS: list[Callable[[int], SmallModel]] = [LSTM, Transformer]


@pytest.fixture(scope="module")
def said() -> Conversation:
    return conversation(LENGTH, 3)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(world().vocabulary())


# Conversations.


def test_the_same_seed_makes_the_same_conversation(said: Conversation) -> None:
    assert conversation(LENGTH, 3) == said
    assert conversation(LENGTH, 4) != said


def test_every_fact_is_told_once_and_nobody_has_two_answers_to_a_question(
    said: Conversation,
) -> None:
    assert [said.turns[turn] for turn in said.facts] == [fact.said for fact in said.facts.values()]
    asked = [fact.asked for fact in said.facts.values()]
    assert len(asked) == len(set(asked)) > 50


def test_facts_stand_apart_so_that_the_nearest_buckets_measure_distance_alone(
    said: Conversation,
) -> None:
    pairs = pairwise(said.facts)
    assert min(said.ends[following - 1] - said.ends[turn] for turn, following in pairs) >= 30


def test_a_distance_is_the_number_of_tokens_between_fact_and_question(said: Conversation) -> None:
    turns = {fact.asked: turn for turn, fact in said.facts.items()}
    for bucket in buckets(3_000):
        for question in said.questions(bucket, 10, Random(1)):
            between = said.turns[turns[question.fact.asked] + 1 : question.turn]
            assert question.distance == len(list(chain.from_iterable(map(tokens_of, between))))
            assert question.at == len(tokens_of(" ".join(said.turns[: question.turn])))
            assert bucket[0] <= question.distance < bucket[1]


def test_questions_of_a_bucket_are_about_different_facts_and_spread_over_it(
    said: Conversation,
) -> None:
    questions = said.questions((480, 1_000), 40, Random(1))
    assert len({question.fact for question in questions}) == 40
    near = sum(question.distance < 700 for question in questions)
    assert 10 <= near <= 30


def test_a_conversation_that_is_too_short_for_the_questions_says_so(said: Conversation) -> None:
    with pytest.raises(InvalidInput, match=r"ask fewer, or of nearer facts$"):
        said.questions((3_000, 10_000), 64, Random(1))


def test_a_conversation_that_wants_more_facts_than_there_are_says_so() -> None:
    with pytest.raises(InvalidInput, match=r"at most .* tokens: ask for fewer$"):
        conversation(1_000_000, 1)


def test_who_knows_what_is_asked_but_not_of_whom_guesses_at_the_rate_that_is_stated() -> None:
    for attribute in world().attributes:
        assert len(set(attribute.values)) == 1 / GUESSING
        assert all(len(tokens_of(value)) == 1 for value in attribute.values)
    values = [value for attribute in world().attributes for value in attribute.values]
    assert len({value.lower() for value in values} - {n.lower() for n in world().names}) == len(
        values
    )


def test_the_small_models_know_every_word_of_a_conversation(
    said: Conversation, vocabulary: Vocabulary
) -> None:
    questions = [token for fact in said.facts.values() for token in tokens_of(fact.asked)]
    assert 0 not in vocabulary.numbers([*said.tokens, *questions, MEMORY])
    assert vocabulary.numbers(["never-heard-of"]) == [0]


# Small models.


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_that_listens_and_then_reads_on_predicts_as_if_it_had_read_all_at_once(
    kind: Callable[[int], SmallModel],
) -> None:
    model, tokens = kind(50).eval(), torch.randint(0, 50, (2, 300))
    with torch.no_grad():
        whole, _ = model(tokens)
        state = model.listen(tokens[:, 200:280], model.listen(tokens[:, :200], None))
        after, _ = model(tokens[:, 280:], state)
    assert torch.allclose(whole[:, 280:], after, atol=1e-5)


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_does_not_see_what_comes_later(kind: Callable[[int], SmallModel]) -> None:
    model, tokens = kind(50).eval(), torch.randint(0, 50, (1, 40))
    other = tokens.clone()
    other[:, 20:] = (other[:, 20:] + 1) % 50
    with torch.no_grad():
        assert torch.allclose(model(tokens)[0][:, :20], model(other)[0][:, :20], atol=1e-5)


def test_a_transformer_sees_nothing_beyond_twice_its_window() -> None:
    model, tokens = Transformer(50, window=20).eval(), torch.randint(0, 50, (1, 100))

    def last(changed: int) -> torch.Tensor:
        other = tokens.clone()
        other[:, changed] = (other[:, changed] + 1) % 50
        return model(other)[0][0, -1]

    with torch.no_grad():
        before = model(tokens)[0][0, -1]
        assert torch.equal(last(40), before)
        assert not torch.equal(last(85), before)


def test_a_lesson_marks_the_answers_to_its_questions_and_nothing_else(
    vocabulary: Vocabulary,
) -> None:
    tokens, answers = Lessons(world(), vocabulary, 1).batch(Stage(200, 8, 1, 1))
    assert tokens.shape == answers.shape == (8, 201)
    values = {value.lower() for each in world().attributes for value in each.values}
    for row, marked in zip(tokens, answers, strict=True):
        words = [vocabulary.words[number] for number in row]
        places = [
            place for place in range(1, 201) if words[place - 1] == "?" and words[place] in values
        ]
        assert [int(place) for place in marked.nonzero()] == places
        assert places
        for place in places:
            assert words[place] in words[:place], "what is asked for was told or recalled before"


def test_what_was_recalled_stands_in_front_of_the_question() -> None:
    assert prompt("Who?", []) == ["who", "?"]
    assert prompt("Who?", ["It is Ada."]) == [MEMORY, "it", "is", "ada", ".", "who", "?"]


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_learns_from_its_lessons(
    kind: Callable[[int], SmallModel], vocabulary: Vocabulary
) -> None:
    told: list[str] = []
    torch.manual_seed(1)
    plan = Plan(1e-2, (Stage(16, 48, 101, 0.5, 0.8),))
    train(kind(len(vocabulary)), Lessons(world(), vocabulary, 1), plan, told.append)
    first, last = (float(line.rpartition(" ")[2]) for line in told)
    assert last < first - 1


def test_a_shorter_plan_keeps_all_stages() -> None:
    plan = Plan(1e-2, (Stage(16, 8, 100, 1), Stage(32, 8, 3, 1)))
    assert [stage.steps for stage in plan.shortened(0.1).stages] == [10, 1]


# Recalling.


def test_a_listener_recalls_only_what_was_said_before_the_question(
    said: Conversation, tmp_path: Path
) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        listener = Listener(memory)
        listener.hear(said)
        listener.hear(said)
        assert memory.verify().records == len(said.turns)
        for question in said.questions((3, 10), 5, Random(1)):
            assert set(listener.texts(question, 3)) <= set(said.turns[: question.turn])
            assert listener.texts(question, 1) == listener.texts(question, 3)[-1:]


def test_a_generator_is_given_the_end_of_the_conversation_and_what_was_recalled(
    said: Conversation, tmp_path: Path
) -> None:
    asked = [((480, 1_000), each) for each in said.questions((480, 1_000), 6, Random(1))]
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        listener = Listener(memory)
        listener.hear(said)
        reader = GeneratorReader("echo", EchoGenerator(), window=200, most=4)
        answers = list(reader.answers(Talk(1, said, asked, listener)))
    assert [each.arm for each in answers] == [ALONE, WITH] * 4
    for alone, remembering in zip(answers[::2], answers[1::2], strict=True):
        assert alone.found is None
        assert remembering.right >= bool(remembering.found)


def test_a_fact_of_which_nothing_is_recalled_was_not_found(
    said: Conversation, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    asked = [((3, 10), each) for each in said.questions((3, 10), 1, Random(1))]
    reader = SmallReader("small", LSTM(len(vocabulary)), vocabulary)
    with Memory(tmp_path / "store", encoder=HashEncoder()) as empty:
        answers = reader.answers(Talk(1, said, asked, Listener(empty)))
        assert [(each.arm, each.found) for each in answers] == [(ALONE, None), (WITH, False)]


# Figures.


def answered(shares: list[float], seeds: int = 2) -> list[Answer]:
    return [
        Answer("model", ALONE, seed, bucket, number < 10 * share)
        for bucket, share in zip(buckets(EDGES[-1]), shares, strict=False)
        for seed in range(seeds)
        for number in range(10)
    ]


@pytest.mark.parametrize(
    ("shares", "horizon"),
    [
        ([1, 1, 0.5, 0.4, 0.9], 60),
        ([0.4, 0.2, 0.2], 60),
        ([0.4, 0.1], 10),
        ([0, 0, 0.5], 0),
        ([1] * (len(EDGES) - 1), EDGES[-1]),
    ],
)
def test_the_horizon_is_where_half_of_the_nearest_accuracy_is_kept_without_a_gap(
    shares: list[float], horizon: int
) -> None:
    [curve] = curves(answered(shares))
    assert curve.horizon == horizon


def test_a_curve_pools_the_seeds_and_shows_each() -> None:
    answers = [
        Answer("model", WITH, seed, (3, 10), right, found)
        for seed, right, found in [
            (1, True, True),
            (1, False, False),
            (2, True, True),
            (2, True, True),
        ]
    ]
    [curve] = curves(answers)
    share = curve.shares[3, 10]
    assert (share.mean, share.count) == (0.75, 4)
    assert 0 <= share.low < 0.75 < share.high <= 1
    assert curve.by_seed[3, 10] == (0.5, 1.0)
    assert curve.found[3, 10] == 0.75


# The command.


def test_the_command_shows_both_models_with_and_without_memory_and_draws_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = ["--lessons", "0.001", "--questions", "4", "--furthest", "240", "--encoder", "hash"]
    kept, picture = tmp_path / "kept", tmp_path / "horizon.svg"
    command = ["horizon", *quick, "--seeds", "1", "--keep", str(kept)]
    assert run([*command, "--plot", str(picture), "--json"], main) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["command"] == (
        "remem bench horizon --seeds 1 --questions 4 --furthest 240 --lessons 0.001 --encoder hash"
    )
    names = [(curve["model"], curve["arm"]) for curve in shown["curves"]]
    assert names == [(model, arm) for model in ("LSTM", "Transformer") for arm in (ALONE, WITH)]
    assert [bucket["count"] for bucket in shown["curves"][0]["buckets"]] == [4] * 5
    assert picture.read_text("utf-8").startswith("<?xml")
    written = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.pt")}
    assert len(written) == 2
    assert run(command, main) == 0
    printed = capsys.readouterr().out
    assert "120-240" in printed
    assert "horizon" in printed
    assert {path.name: path.stat().st_mtime_ns for path in kept.glob("*.pt")} == written


def test_what_is_kept_serves_no_run_of_other_length_or_lessons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = ["horizon", "--questions", "2", "--seeds", "1", "--encoder", "hash"]
    kept += ["--keep", str(tmp_path)]
    made = []
    for furthest, lessons in (("10", "0.001"), ("30", "0.001"), ("30", "0.002")):
        assert run([*kept, "--furthest", furthest, "--lessons", lessons], main) == 0
        said = capsys.readouterr().err
        made.append(("remembering: " in said, "training LSTM: " in said))
    assert made == [(True, True), (True, False), (False, True)]


def test_a_folder_to_keep_things_in_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(["horizon", "--keep", str(tmp_path / "file" / "inside")], main) != 0
    assert "choose another folder for --keep" in capsys.readouterr().err


def test_a_plot_that_is_no_picture_is_refused_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["horizon", "--plot", str(tmp_path / "horizon.txt")], main) != 0
    assert "is no picture" in capsys.readouterr().err
