import json

import pytest

from remem import Memory
from remem.ingest import LocomoReader, import_path
from remem.store import InvalidInput
from remem.testing import HashEncoder


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "store", encoder=HashEncoder(8)) as opened:
        yield opened


def chat(*texts, first=0):
    messages = (
        {"role": "user", "content": text, "id": str(number), "session": "s"}
        for number, text in enumerate(texts, start=first)
    )
    return "".join(json.dumps(message) + "\n" for message in messages)


def stored(memory, namespace="default"):
    return [record.text for record in memory.in_namespace(namespace).scan()]


def test_all_records_are_stored_and_counted(memory, write):
    report = import_path(memory, write("chat.jsonl", chat("a", "b")))
    assert report.reader == "OpenAI messages"
    assert report.added == {"default": 2}
    assert (report.problems, report.problem_count) == ((), 0)
    assert stored(memory) == ["a", "b"]


GERMAN = (
    "Am Samstag waren wir mit den Kindern im Zoo, und danach gab es noch ein Eis.",
    "Kannst du morgen bitte den Schlüssel bei der Nachbarin abholen?",
    "Ich habe heute lange gearbeitet und bin erst spät nach Hause gekommen.",
    "Die Miete ist schon wieder teurer geworden, das ist doch nicht mehr normal.",
)
CHINESE = ("我们昨天在北京吃了烤鸭，然后去看了一场电影。" * 5, "周末我想带孩子们去海边看日出。" * 5)
ENGLISH = (
    "On Saturday we took the children to the zoo, and then we had some ice cream.",
    "Could you pick up the key from the neighbour tomorrow, please?",
    "I worked late today and came home after ten. My café au lait was cold.",
    "The rent has gone up again, which is not normal any more, is it?",
)


@pytest.mark.parametrize(
    ("texts", "foreign"), [(GERMAN, True), (CHINESE, True), (ENGLISH, False), (("Hallo!",), False)]
)
def test_a_history_in_another_language_than_english_is_noticed(memory, write, texts, foreign):
    assert import_path(memory, write("chat.jsonl", chat(*texts))).foreign == foreign


def test_importing_again_adds_nothing(memory, write):
    path = write("chat.jsonl", chat("a", "b"))
    import_path(memory, path)
    report = import_path(memory, str(path))
    assert report.added == {"default": 0}
    assert report.unchanged == {"default": 2}


def test_a_longer_export_of_the_same_chat_adds_what_is_new(memory, write):
    import_path(memory, write("chat.jsonl", chat("a", "b")))
    report = import_path(memory, write("chat.jsonl", chat("a", "b", "c")))
    assert (report.added, report.unchanged) == ({"default": 1}, {"default": 2})


def test_the_format_decides_the_namespace_where_it_separates_people(memory, write):
    def sample(name):
        session = [{"speaker": "A", "dia_id": "D1:1", "text": f"I am {name}"}]
        return {"sample_id": name, "conversation": {"session_1": session}}

    path = write("locomo.json", [sample("one"), sample("two")])
    report = import_path(memory, path, namespace="else")
    assert report.added == {"one": 1, "two": 1}
    assert stored(memory, "one") == ["I am one"]
    assert stored(memory, "two") == ["I am two"]


def test_otherwise_the_given_namespace_or_the_memorys_own(memory, write):
    path = write("chat.jsonl", chat("a"))
    assert import_path(memory, path, namespace="ana").added == {"ana": 1}
    assert import_path(memory.in_namespace("bo"), path).added == {"bo": 1}
    assert stored(memory) == []


def test_a_changed_text_is_a_new_version_and_the_old_one_its_history(memory, write):
    import_path(memory, write("chat.jsonl", chat("a", "b", "c")))
    report = import_path(memory, write("chat.jsonl", chat("a2", "b", "c2", "d")))
    assert report.added == {"default": 1}
    assert report.unchanged == {"default": 1}
    assert report.changed == {"default": 2}
    assert report.problems == ()
    assert [version.text for version in memory.history("s#0")] == ["a", "a2"]
    again = import_path(memory, write("chat.jsonl", chat("a2", "b", "c2", "d")))
    assert (again.added, again.unchanged, again.changed) == ({"default": 0}, {"default": 4}, {})


def test_a_key_twice_in_one_file_keeps_the_first_text_and_reports_the_second(memory, write):
    path = write("chat.jsonl", chat("a") + chat("other") + chat("a") + chat("b", first=1))
    report = import_path(memory, path)
    assert (report.added, report.unchanged) == ({"default": 2}, {"default": 1})
    assert report.problem_count == 1
    assert stored(memory) == ["a", "b"]


def test_a_record_that_the_store_refuses_does_not_stop_the_others(memory, write):
    bad = json.dumps({"role": "user", "content": "x", "id": "n" * 5000, "session": "s"}) + "\n"
    report = import_path(memory, write("chat.jsonl", chat("a", "b") + bad + chat("c", first=2)))
    assert report.added == {"default": 3}
    assert report.problem_count == 1
    assert stored(memory) == ["a", "b", "c"]


def test_what_was_stored_before_an_interruption_stays_and_the_next_run_goes_on(memory, write):
    path = write("chat.jsonl", chat(*map(str, range(600))))

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_path(memory, path, report=interrupt)
    kept = memory.count()
    assert 0 < kept < 600
    report = import_path(memory, path)
    assert (report.added, report.unchanged) == ({"default": 600 - kept}, {"default": kept})


def test_progress_grows_to_the_size_of_what_is_imported(memory, write):
    path = write("chat.jsonl", chat(*("word " * 50 + str(n) for n in range(600))))
    seen = []
    import_path(memory, path, report=seen.append)
    assert len(seen) > 2
    assert {progress.bytes_total for progress in seen} == {path.stat().st_size}
    assert [p.bytes_read for p in seen] == sorted(p.bytes_read for p in seen)
    assert (seen[-1].records, seen[-1].bytes_read) == (600, path.stat().st_size)


def test_problems_are_all_counted_but_not_all_kept(memory, write):
    report = import_path(memory, write("chat.jsonl", chat("a") + "oops\n" * 3000))
    assert report.problem_count == 3000
    assert len(report.problems) == 1000


def test_a_reader_can_be_given(memory, write):
    with pytest.raises(InvalidInput):
        import_path(memory, write("empty.json", "[]"))
    report = import_path(memory, write("empty.json", "[]"), reader=LocomoReader())
    assert (report.reader, report.problem_count) == ("LoCoMo", 0)


def test_an_edited_document_adds_only_its_changed_passages(memory, write):
    import_path(memory, write("plan.md", "# A\n\na\n\n# B\n\nb"))
    report = import_path(memory, write("plan.md", "# A\n\na\n\n# B\n\nb, edited"))
    assert (report.added, report.unchanged) == ({"default": 1}, {"default": 1})
    assert report.problem_count == 0
