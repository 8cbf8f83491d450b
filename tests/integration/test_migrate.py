"""A migration leaves two stores that hold the same, whatever happens on the way."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from remem import Memory
from remem.cli import main
from remem.departed import Departed, departed_from
from remem.ingest import import_path
from remem.migrate import Step, migrate
from remem.store import Batch, EncoderMismatch, F, InvalidInput, Space, Store, open_store
from remem.store.conformance.samples import SPACE, batch, embed, entry, keys, turn, words
from remem.testing import HashEncoder
from remem.transfer import export

MADRID = timezone(timedelta(hours=2))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Store]:
    """Two namespaces with history, an expiry, metadata and times of several zones."""
    with open_store(tmp_path / "source") as store:
        store.adopt(SPACE)
        said = datetime(2024, 5, 1, 9, 30, tzinfo=MADRID)
        many = [
            turn(f"k{i}", f"fact {i}", source=f"s{i % 7}", position=i, said_at=said)
            for i in range(600)
        ]
        store.write("ana", batch(*many))
        store.write(
            "ben",
            batch(
                turn("old", "She has two cats.\r\n\u2028", metadata={"n": [1, {"é": None}]}),
                turn("new", "She has three cats.", expires_at=said + timedelta(days=9999)),
            ),
        )
        store.write("ben", Batch(supersede={"old": "new"}))
        yield store


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "target") as store:
        yield store


def exported(store: Store) -> str:
    file = io.StringIO()
    export(store, file, store.namespaces())
    return file.getvalue()


def test_everything_arrives_as_it_was(source: Store, target: Store) -> None:
    done = migrate(source, target)
    assert exported(target) == exported(source)
    assert (done.records, done.copied, done.deleted, done.rounds) == (602, 602, 0, 2)
    assert target.space == source.space
    assert target.verify().ok
    for key in ("k5", "k599"):
        (ours,), (theirs,) = source.entries("ana", [key]), target.entries("ana", [key])
        for name, view in ours.views.items():
            assert theirs.views[name].text == view.text
            assert theirs.views[name].vector.tobytes() == view.vector.tobytes()
    assert keys(target.search("ben", [words("cats")], 9)[0]) == ["new"]


def test_there_and_back_again_is_the_same(source: Store, tmp_path: Path) -> None:
    with open_store(":memory:") as other, open_store(tmp_path / "back") as back:
        there = migrate(source, other)
        assert migrate(other, back).digest == there.digest
        assert exported(back) == exported(source)


def test_nothing_is_copied_twice(source: Store, target: Store) -> None:
    migrate(source, target)
    again = migrate(source, target)
    assert (again.copied, again.deleted, again.rounds) == (0, 0, 1)


def test_one_that_was_interrupted_goes_on(source: Store, target: Store) -> None:
    def stop(step: Step) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(source, target, progress=stop)
    begun = target.count("ana")
    assert 0 < begun < 600
    assert migrate(source, target).copied == 602 - begun
    assert exported(target) == exported(source)


def once(act: Callable[[], object]) -> Callable[[Step], None]:
    done: list[object] = []

    def at_the_first_page(step: Step) -> None:
        if not done:
            done.append(act())

    return at_the_first_page


def test_what_is_written_meanwhile_is_caught_up_with(source: Store, target: Store) -> None:
    def meanwhile() -> None:
        source.write("ana", batch(turn("later", "a late fact", source="s0", position=0)))
        source.write("ana", Batch(delete=["k0", "k7"], supersede={"k14": "later"}))
        source.write("ana", Batch(refresh={"k1": entry(turn("k1", "elsewhere")).views}))
        source.write("new", batch(turn("k", "of a new namespace")))
        source.purge("ben", Batch(delete=["old", "new"]))

    done = migrate(source, target, progress=once(meanwhile))
    assert done.rounds > 1
    assert exported(target) == exported(source)
    (ours,), (theirs,) = source.entries("ana", ["k1"]), target.entries("ana", ["k1"])
    assert ours.views["turn"].text == theirs.views["turn"].text == "elsewhere"


def test_a_record_that_moved_arrives_at_its_place(source: Store, target: Store) -> None:
    migrate(source, target)
    for key, position in (("k1", 9000), ("k599", 0)):
        (moved,) = source.entries("ana", [key])
        there = replace(moved, record=replace(moved.record, position=position))
        source.write("ana", Batch(delete=[key], add=[there]))
    migrate(source, target, replace=True)
    assert exported(target) == exported(source)


def more(target: Store) -> None:
    target.write("ana", batch(turn("mine", "a fact of the target")))


def newer(target: Store) -> None:
    more(target)
    target.write("ana", Batch(supersede={"k5": "mine"}))
    target.write("ana", Batch(delete=["mine"]))


def otherwise_seen(target: Store) -> None:
    target.write("ana", Batch(refresh={"k5": entry(turn("k5", "elsewhere")).views}))


def one_less(target: Store) -> None:
    target.purge("ana", Batch(delete=["k5"]))


def the_last_one_less(target: Store) -> None:
    target.purge("ben", Batch(delete=["old"]))


def one_person_less(target: Store) -> None:
    target.purge("ana", Batch(delete=[record.key for record in target.scan("ana")]))


@pytest.mark.parametrize(
    ("use", "named"),
    [
        (more, "'mine' in the namespace 'ana'"),
        (newer, "'k5' in the namespace 'ana'"),
        (otherwise_seen, "'k5' in the namespace 'ana'"),
        (one_less, "'k5' in the namespace 'ana'"),
        (the_last_one_less, "'old' in the namespace 'ben'"),
        (one_person_less, "'k0' in the namespace 'ana'"),
    ],
)
def test_a_target_that_was_used_since_is_refused_as_it_is(
    source: Store, target: Store, use: Callable[[Store], None], named: str
) -> None:
    migrate(source, target)
    use(target)
    before = exported(target)
    with pytest.raises(InvalidInput, match=f"{named}.*--replace"):
        migrate(source, target)
    assert exported(target) == before


def test_with_replace_a_target_that_was_used_since_is_made_equal(
    source: Store, target: Store
) -> None:
    migrate(source, target)
    for use in (one_less, more):
        use(target)
    done = migrate(source, target, replace=True)
    assert (done.copied, done.deleted) == (1, 1)
    assert exported(target) == exported(source)
    assert migrate(source, target).digest == done.digest


def test_namespaces_that_only_the_target_holds_stay(source: Store, target: Store) -> None:
    target.adopt(SPACE)
    target.write("carla", batch(turn("hers", "a fact of another namespace")))
    migrate(source, target)
    migrate(source, target, replace=True)
    assert target.get("carla", ["hers"])[0] is not None


def test_a_namespace_that_the_source_makes_meanwhile_does_not_replace_one_of_the_target(
    source: Store, target: Store
) -> None:
    target.adopt(SPACE)
    target.write("carla", batch(turn("hers", "a fact of another namespace")))
    meanwhile = once(lambda: source.write("carla", batch(turn("another", "of the same name"))))
    with pytest.raises(InvalidInput, match=r"'hers' in the namespace 'carla'"):
        migrate(source, target, progress=meanwhile)
    assert target.get("carla", ["hers"])[0] is not None


def test_a_source_that_is_encoded_anew_meanwhile_is_not_passed_off_as_the_old_one(
    source: Store, target: Store
) -> None:
    def encode_anew() -> None:
        with open_store(source.stats().url) as other:
            other.reindex(replace(SPACE, fingerprint="another"), embed)

    with pytest.raises(EncoderMismatch):
        migrate(source, target, progress=once(encode_anew))


def test_a_source_that_never_rests_is_given_up(source: Store, target: Store) -> None:
    def write(step: Step) -> None:
        source.write("ana", batch(turn(f"later {step.round} {step.done}", "one more")))

    with pytest.raises(InvalidInput, match=r"written faster.*--replace"):
        migrate(source, target, progress=write)


def test_a_target_of_another_encoder_is_refused(source: Store, target: Store) -> None:
    target.adopt(Space("another", SPACE.dim, SPACE.views))
    with pytest.raises(EncoderMismatch, match="remem reindex"):
        migrate(source, target)


def test_an_empty_store_is_migrated(tmp_path: Path, target: Store) -> None:
    with open_store(tmp_path / "empty") as empty:
        assert migrate(empty, target).records == 0


def forgetful(folder: Path) -> Path:
    """A chat of which the store in a folder forgot a part."""
    chat = folder.parent / "WhatsApp Chat with Ana.txt"
    chat.write_text("20/07/2024, 12:00 - Ana: the pot is blue\n20/07/2024, 12:07 - Ben: no, red\n")
    with Memory(folder, encoder=HashEncoder()) as memory:
        import_path(memory, chat)
        memory.forget(F("speaker") == "Ben")
    return chat


def test_what_was_forgotten_stays_away_without_the_command_too(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    chat = forgetful(here)
    with open_store(here) as old, open_store(there) as new:
        migrate(old, new)
    with Memory(there, encoder=HashEncoder()) as memory:
        report = import_path(memory, chat)
    assert (report.added, report.stayed_away) == ({"default": 0}, {"default": 1})


def test_where_digests_have_no_place_that_is_told_unless_one_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = tmp_path / "here"
    forgetful(here)
    kept = Departed(tmp_path / "kept")
    with open_store(here) as old, open_store(":memory:") as new:
        migrate(old, new, departed=(departed_from(here), kept))
        assert kept.known() == departed_from(here).known()
        assert not caplog.records
        migrate(old, new)
    assert "imports into :memory: may bring back" in caplog.text


def test_the_command_tells_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    with Memory(here, encoder=HashEncoder()) as memory:
        memory.add("The tortoise bit the postman.")
    assert main(["migrate", here, there]) == 0
    assert "both stores hold the same 1 record; 1 were copied" in capsys.readouterr().out
    with Memory(there, encoder=HashEncoder()) as memory:
        assert memory.search("Who bit the postman?")


def test_the_command_makes_no_store_of_a_mistyped_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate", str(tmp_path / "nowhere"), str(tmp_path / "there")]) == 1
    assert "there is no store at" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_the_command_copies_nothing_into_a_store_that_does_not_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = str(tmp_path / "here")
    with Memory(here, encoder=HashEncoder()) as memory:
        memory.add("The tortoise bit the postman.")
    assert main(["migrate", here, ":memory:"]) == 1
    assert "name a folder" in capsys.readouterr().err


def test_the_command_doubts_a_source_that_holds_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store(tmp_path / "empty"):
        pass
    assert main(["migrate", str(tmp_path / "empty"), str(tmp_path / "there")]) == 1
    assert "is its URL right?" in capsys.readouterr().err
    assert not (tmp_path / "there").exists()
