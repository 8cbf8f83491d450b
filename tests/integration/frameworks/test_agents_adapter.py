"""The OpenAI Agents SDK: the real runner over a model that says what it is told to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import Agent, Model, ModelResponse, RunConfig, Runner, SessionSettings, Usage
from agents.memory import Session, SQLiteSession
from agents.run_config import CallModelData, ModelInputData
from agents.tool import function_tool
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)

from remem import Memory
from remem.attach.frameworks.agents import RememSession, recalling
from remem.store import InvalidInput
from remem.testing import HashEncoder

USER: Any = {"role": "user", "content": "Where is the key?"}
ITEMS: list[Any] = [
    USER,
    {"role": "system", "content": "Be brief."},
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "look under pots"}],
        "encrypted_content": None,
    },
    {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "look",
        "arguments": '{"place": "pot"}',
        "status": "completed",
    },
    {"type": "function_call_output", "call_id": "call_1", "output": "under it"},
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [
            {"type": "output_text", "text": "Under the pot.", "annotations": [], "logprobs": []}
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "And this?"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"},
        ],
    },
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "é 🔑"}},
]


def message(text: str) -> ResponseOutputMessage:
    content = ResponseOutputText(text=text, type="output_text", annotations=[], logprobs=[])
    return ResponseOutputMessage(
        id="msg_x", content=[content], role="assistant", status="completed", type="message"
    )


def call(name: str, arguments: str) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(
        call_id="call_x", name=name, arguments=arguments, type="function_call"
    )


class ScriptedModel(Model):
    """Gives one list of output items a turn, and keeps what it was asked."""

    def __init__(self, *turns: list[Any]) -> None:
        self.turns = list(turns)
        self.asked: list[Any] = []

    async def get_response(
        self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any
    ) -> ModelResponse:
        self.asked.append(input)
        if not self.turns:
            raise RuntimeError("the model failed")
        return ModelResponse(output=self.turns.pop(0), usage=Usage(), response_id=None)

    async def stream_response(
        self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any
    ) -> AsyncIterator[Any]:
        answer = await self.get_response(system_instructions, input)
        yield ResponseCompletedEvent(
            type="response.completed",
            sequence_number=0,
            response=Response(
                id="r",
                created_at=0,
                model="scripted",
                object="response",
                output=answer.output,
                parallel_tool_calls=False,
                tool_choice="none",
                tools=[],
            ),
        )


def run(
    model: ScriptedModel, question: str, session: Session, *, tools: Any = (), **options: Any
) -> Any:
    agent = Agent(name="bot", model=model, tools=list(tools))
    config = RunConfig(tracing_disabled=True, **options)
    return asyncio.run(Runner.run(agent, question, session=session, run_config=config))


def of(memory: Memory) -> RememSession:
    return RememSession("s", memory)


def both(memory: Memory) -> list[Session]:
    """Ours, and the SDK's own, which decides what a session does."""
    return [of(memory), SQLiteSession("s")]


def closed(session: Session) -> None:
    if isinstance(session, SQLiteSession):
        session.close()


def same(memory: Memory, use: Callable[[Session], Any]) -> Any:
    """What both sessions answer."""
    ours, theirs = both(memory)
    try:
        result = asyncio.run(use(ours))
        assert result == asyncio.run(use(theirs))
        return result
    finally:
        closed(theirs)


def test_it_is_a_session_of_the_sdk(memory: Memory) -> None:
    assert isinstance(of(memory), Session)


def test_items_come_back_in_order_and_as_they_were(memory: Memory) -> None:
    async def use(session: Session) -> Any:
        await session.add_items(ITEMS[:3])
        await session.add_items([])
        await session.add_items(ITEMS[3:])
        return await session.get_items()

    assert same(memory, use) == ITEMS


@pytest.mark.parametrize("limit", [None, -1, 0, 1, 2, 5, 8, 100])
def test_a_limit_takes_the_latest_items_as_the_sdk_does(memory: Memory, limit: int | None) -> None:
    async def use(session: Session) -> Any:
        await session.add_items(ITEMS)
        return await session.get_items(limit)

    same(memory, use)


@pytest.mark.parametrize("limit", [None, 0, 2])
@pytest.mark.parametrize("explicit", [None, 3])
def test_session_settings_set_the_limit_unless_one_is_given(
    memory: Memory, limit: int | None, explicit: int | None
) -> None:
    async def use(session: Session) -> Any:
        session.session_settings = SessionSettings(limit=limit)
        await session.add_items(ITEMS)
        return await session.get_items(explicit)

    same(memory, use)


def test_settings_may_come_as_a_dict(memory: Memory) -> None:
    session = RememSession("s", memory, {"limit": 1})
    asyncio.run(session.add_items(ITEMS))
    assert asyncio.run(session.get_items()) == ITEMS[-1:]


def test_items_are_popped_from_the_end(memory: Memory) -> None:
    async def use(session: Session) -> Any:
        await session.add_items(ITEMS)
        popped = [await session.pop_item() for _ in range(len(ITEMS) + 1)]
        await session.add_items(ITEMS[:1])
        return popped, await session.get_items()

    popped, left = same(memory, use)
    assert popped == [*reversed(ITEMS), None]
    assert left == ITEMS[:1]


def test_a_cleared_session_is_empty_and_can_be_used_again(memory: Memory) -> None:
    async def use(session: Session) -> Any:
        await session.add_items(ITEMS)
        await session.clear_session()
        cleared = await session.get_items()
        await session.add_items(ITEMS[:2])
        return cleared, await session.get_items()

    assert same(memory, use) == ([], ITEMS[:2])


def test_an_item_added_twice_is_there_twice(memory: Memory) -> None:
    async def use(session: Session) -> Any:
        await session.add_items([USER])
        await session.add_items([USER, ITEMS[3], ITEMS[3]])
        return await session.get_items()

    assert len(same(memory, use)) == 4


def test_sessions_do_not_see_each_other(memory: Memory) -> None:
    async def use() -> Any:
        first, second = RememSession("first", memory), RememSession("second", memory)
        await asyncio.gather(first.add_items(ITEMS[:1]), second.add_items(ITEMS[1:2]))
        await first.pop_item()
        return await first.get_items(), await second.get_items()

    assert asyncio.run(use()) == ([], ITEMS[1:2])


def test_concurrent_additions_all_arrive(memory: Memory) -> None:
    async def use() -> Any:
        sessions = [of(memory) for _ in range(8)]
        await asyncio.gather(*(each.add_items([USER, ITEMS[3]]) for each in sessions))
        return await of(memory).get_items()

    kept = asyncio.run(use())
    assert kept.count(USER) == kept.count(ITEMS[3]) == 8


def test_a_cancelled_addition_is_over_when_it_says_so(memory: Memory) -> None:
    """A thread cannot be stopped: what it writes is there when the caller hears of the end."""
    began, go_on = threading.Event(), threading.Event()

    class Slow(HashEncoder):
        def encode_documents(self, texts: Any) -> Any:
            began.set()
            go_on.wait(10)
            return super().encode_documents(texts)

    async def use(session: RememSession) -> Any:
        adding = asyncio.ensure_future(session.add_items([USER]))
        await asyncio.to_thread(began.wait, 10)
        adding.cancel()
        asyncio.get_running_loop().call_soon(go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await adding
        return await session.get_items()

    with Memory(":memory:", encoder=Slow()) as slow:
        assert asyncio.run(use(of(slow))) == [USER]


def test_an_item_that_is_not_json_is_refused(memory: Memory) -> None:
    wrong: Any = {"type": "function_call_output", "output": object()}
    with pytest.raises(InvalidInput, match="not JSON"):
        asyncio.run(of(memory).add_items([USER, wrong]))
    assert asyncio.run(of(memory).get_items()) == []


def test_only_what_people_said_is_recalled(memory: Memory) -> None:
    asyncio.run(of(memory).add_items(ITEMS))
    assert {(one.record.role, one.record.text) for one in memory.search("pot key look", 50)} == {
        ("user", "Where is the key?"),
        ("assistant", "Under the pot."),
        ("user", "And this?"),
    }


def test_a_session_of_another_road_goes_on_with_an_agent(memory: Memory) -> None:
    memory.add_messages([{"role": "user", "content": "I am Ana."}], session="s")
    model = ScriptedModel([message("Hi Ana.")])
    run(model, "Who am I?", of(memory))
    assert model.asked == [
        [{"role": "user", "content": "I am Ana."}, {"role": "user", "content": "Who am I?"}]
    ]


def test_a_run_with_tools_and_reasoning_is_kept_as_the_sdk_keeps_it(memory: Memory) -> None:
    @function_tool
    def look(place: str) -> str:
        """Look somewhere."""
        return f"nothing but the key in the {place}"

    ours, theirs = both(memory)
    kept = []
    for session in (ours, theirs):
        model = ScriptedModel(
            [
                ResponseReasoningItem(id="rs", summary=[], type="reasoning"),
                call("look", '{"place": "pot"}'),
            ],
            [message("In the pot.")],
            [message("You are welcome.")],
        )
        run(model, "Where is the key?", session, tools=[look])
        run(model, "Thanks!", session, tools=[look])
        kept.append((asyncio.run(session.get_items()), model.asked))
    closed(theirs)
    assert kept[0] == kept[1]
    kinds = [item.get("type", item.get("role")) for item in kept[0][0]]
    assert kinds == [
        "user",
        "reasoning",
        "function_call",
        "function_call_output",
        "message",
        "user",
        "message",
    ]


def test_a_streamed_run_is_kept(memory: Memory) -> None:
    async def use() -> Any:
        agent = Agent(name="bot", model=ScriptedModel([message("Under the pot.")]))
        config = RunConfig(tracing_disabled=True)
        result = Runner.run_streamed(agent, "Where is it?", session=of(memory), run_config=config)
        async for _ in result.stream_events():
            pass
        return await of(memory).get_items()

    assert [item["role"] for item in asyncio.run(use())] == ["user", "assistant"]


def test_a_session_goes_on_after_a_restart(memory: Memory) -> None:
    run(ScriptedModel([message("Hi Ana.")]), "I am Ana.", of(memory))
    memory.close()
    with Memory(memory.url, "ana", encoder=HashEncoder()) as again:
        model = ScriptedModel([message("Ana.")])
        run(model, "Who am I?", of(again))
        [asked] = model.asked
    assert [item["content"] for item in asked if item["role"] == "user"] == [
        "I am Ana.",
        "Who am I?",
    ]


def test_a_memory_of_one_session_is_in_front_of_a_question_in_another(memory: Memory) -> None:
    run(ScriptedModel([message("Noted.")]), "The spare key is under the pot.", of(memory))
    model = ScriptedModel([message("Under the pot.")])
    other = RememSession("other", memory)
    run(model, "Where is the spare key?", other, call_model_input_filter=recalling(memory, floor=0))
    [[asked]] = model.asked
    assert "The spare key is under the pot." in asked["content"]
    assert asked["content"].endswith("Where is the spare key?")
    first, _ = asyncio.run(other.get_items())
    assert first == {"role": "user", "content": "Where is the spare key?"}
    assert not any("<memories>" in record.text for record in memory.scan())


def test_an_item_of_any_form_passes_the_recall(memory: Memory) -> None:
    memory.add("The spare key is under the pot.")
    recall = recalling(memory, floor=0)
    for content in (["Where is the spare key?"], {"text": "Where is the spare key?"}, 7, None):
        items: Any = [{"role": "user", "content": content}]
        data = CallModelData(ModelInputData(items, None), Agent("a"), None)
        found: Any = asyncio.run(recall(data)).input
        assert ("under the pot" in str(found)) == isinstance(content, list)
        assert len(found) == 1


@pytest.mark.parametrize(
    ("placement", "kinds"),
    [
        ("message", ["user"]),
        ("system", ["system", "user"]),
        ("tool", ["user", "function_call", "function_call_output"]),
    ],
)
def test_the_block_stands_where_it_should(memory: Memory, placement: str, kinds: list[str]) -> None:
    memory.add("The spare key is under the pot.")
    model = ScriptedModel([message("Yes.")])
    recall = recalling(memory, floor=0, placement=placement)
    run(model, "Where is the spare key?", of(memory), call_model_input_filter=recall)
    [asked] = model.asked
    assert [item.get("role") or item["type"] for item in asked] == kinds
    assert ["under the pot" in str(item) for item in asked].count(True) == 1


def test_what_an_agent_says_before_a_tool_is_no_answer_to_the_question(memory: Memory) -> None:
    memory.add("The spare key is under the pot.")
    look = function_tool(lambda: "a pot", name_override="look", description_override="Look.")
    model = ScriptedModel([message("Let me look."), call("look", "{}")], [message("There.")])
    recall = recalling(memory, floor=0)
    question = "Where is the spare key?"
    run(model, question, of(memory), tools=[look], call_model_input_filter=recall)
    assert ["under the pot" in str(asked) for asked in model.asked] == [True, True]


def test_items_of_tools_pass_the_recall_untouched(memory: Memory) -> None:
    memory.add("The spare key is under the pot.")
    asyncio.run(of(memory).add_items(ITEMS[:6]))
    model = ScriptedModel([message("Yes.")])
    run(model, "Is the key there?", of(memory), call_model_input_filter=recalling(memory))
    [asked] = model.asked
    assert asked[:-1] == ITEMS[:6]


def test_a_memory_that_fails_does_not_take_the_run_down(memory: Memory) -> None:
    broken = Memory(":memory:", encoder=HashEncoder())
    broken.close()
    model = ScriptedModel([message("Hi.")])
    result = run(model, "Hello?", of(memory), call_model_input_filter=recalling(broken))
    assert result.final_output == "Hi."
    assert model.asked == [[{"role": "user", "content": "Hello?"}]]
