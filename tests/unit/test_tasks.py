"""Requests that a front end makes for itself, and somebody's own words."""

from __future__ import annotations

from typing import Any

import pytest

from remem.attach.tasks import RULES, task_of

HISTORY = "<chat_history>\nUSER: The key is at the bakery.\nASSISTANT: Noted.\n</chat_history>"
TITLE = (
    "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n"
    '### Guidelines:\n- Be brief.\n### Output:\nJSON format: { "title": "..." }\n'
    f"### Chat History:\n{HISTORY}"
)
LIBRECHAT = (
    "Provide a concise, 5-word-or-less title for the conversation, using title case conventions. "
    "Only return the title itself."
)
NEXTCHAT = (
    "Please generate a four to five word title summarizing our conversation without any lead-in, "
    "punctuation, quotation marks, periods, symbols, bold text, or additional text. "
    "Remove enclosing quotation marks."
)
BIG_AGI = (
    "Analyze the given short conversation (every line is truncated) and extract a concise chat "
    "title that summarizes it.\nOnly respond with the title.\n\n```\n- You: Hello\n```"
)
LOBE = (
    "You are a professional conversation summarizer. Generate a concise title that captures the "
    "essence of the conversation.\n\nRules:\n- Be brief"
)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def system(content: Any) -> dict[str, Any]:
    return {"role": "system", "content": content}


TASKS: list[tuple[str, list[dict[str, Any]]]] = [
    ("open-webui", [user(TITLE)]),
    ("open-webui", [system("Be kind."), user(f"\n{TITLE}\n")]),
    ("open-webui", [user([{"type": "text", "text": TITLE}])]),
    (
        "open-webui",
        [
            user(
                "### Task:\nSuggest 3-5 relevant follow-up questions.\n### Guidelines:\n- Brief\n"
                f'### Chat History:\n{HISTORY}"'
            )
        ],
    ),
    (
        "open-webui autocompletion",
        [
            user(
                "### Task:\nYou are an autocompletion system. Continue the text in `<text>`.\n---\n"
                f"### Context:\n{HISTORY}\n<type>search</type>  \n<text>Where</text>  \n"
                "#### Output:\n"
            )
        ],
    ),
    (
        "open-webui emoji",
        [
            user(
                "Your task is to reflect the speaker's likely facial expression through a fitting "
                "emoji. Interpret it.\n\nMessage: ```Hello```"
            )
        ],
    ),
    ("librechat title", [user("Hello"), assistant("Hi"), user(LIBRECHAT)]),
    ("librechat title", [user(f"{LIBRECHAT}\n\nConversation:\nUser: Hello\nAI: Hi")]),
    (
        "librechat title",
        [
            user(
                "Analyze this conversation and provide:\n1. The detected language of the "
                "conversation\n2. A concise title in the detected language (5 words or less, no "
                "punctuation or quotation)\n\nUser: Hello\nAI: Hi"
            )
        ],
    ),
    (
        "big-agi title",
        [
            system("You are an AI conversation titles assistant who specializes in few words."),
            user(BIG_AGI),
        ],
    ),
    ("lobe-chat title", [system(LOBE), user("user: Hello\nassistant: Hi")]),
    (
        "lobe-chat or cherry-studio title",
        [
            system("你是一名擅长会话的助理，你需要将用户的会话总结为 10 个字以内的标题"),
            user("你好"),
        ],
    ),
    (
        "cherry-studio title",
        [
            system(
                "You are an assistant skilled in conversation. You need to summarize the user's "
                "conversation into a title within 10 words. Do not use punctuation marks"
            ),
            user("Hello"),
            user("And you?"),
        ],
    ),
    (
        "deepchat title",
        [
            system(
                "You need to summarize the user's conversation into a title of no more than 10 "
                "words, with the title language matching the user's primary language, without "
                "punctuation"
            ),
            user("user: Hello"),
        ],
    ),
    (
        "chatbox title",
        [
            user(
                "Based on the chat history, give this conversation a name.\nKeep it short - 10 "
                "characters max, no quotes.\nUse English.\nJust provide the name, nothing else.\n"
                "\n```\nHello\n```"
            )
        ],
    ),
    ("nextchat title", [user("Hello"), assistant("Hi"), user(NEXTCHAT)]),
    (
        "nextchat summary",
        [
            user("Hello"),
            assistant("Hi"),
            system(
                "Summarize the discussion briefly in 200 words or less to use as a prompt for "
                "future context."
            ),
        ],
    ),
    (
        "sillytavern summary",
        [
            user("Hello"),
            system(
                "Ignore previous instructions. Summarize the most important facts and events in "
                "the story so far. Limit the summary to 200 words or less. Your response should "
                "include nothing but the summary."
            ),
        ],
    ),
]


@pytest.mark.parametrize(("task", "messages"), TASKS)
def test_what_a_front_end_asks_for_itself_is_recognised(
    task: str, messages: list[dict[str, Any]]
) -> None:
    assert task_of(messages) == task


def test_each_rule_is_tried_and_names_its_source() -> None:
    assert {rule.task for rule in RULES} == {task for task, _ in TASKS}
    for rule in RULES:
        assert all(rule.begins) or rule.instructions
        assert "/" in rule.source


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [user("Hello")],
        [user("### Task: buy milk")],
        [user("### Task:\nBuy milk.\n### Output:\nmilk")],
        [user(f"What does this prompt do?\n\n{TITLE}")],
        [user(f"{TITLE}\n\nWhat does this prompt do?")],
        [user(f"> {TITLE}")],
        [user(TITLE), assistant("A title."), user("And another?")],
        [user(TITLE), assistant("A title.")],
        # What a front end puts around a question about documents is the user's question.
        [
            user(
                "### Task:\nRespond to the user query using the provided context.\n\n<context>\n"
                '<source id="1">Keys</source>\n</context>\n\nWhere is the key?'
            )
        ],
        [user(f"{LIBRECHAT} But in French, and tell me why.")],
        [user(f"Why does it say: {LIBRECHAT}")],
        [user(f"{NEXTCHAT} Please.")],
        [system(LOBE), user("Hello"), assistant("Hi"), user("And you?")],
        [system(f"Be kind. {LOBE}"), user("Hello")],
        [user(LOBE)],
        [user(BIG_AGI)],
        [user(None)],
        [{"content": TITLE}],
        [{"role": ["user"], "content": TITLE}],
        ["### Task:"],
    ],
)
def test_what_somebody_says_is_no_task(messages: list[Any]) -> None:
    assert task_of(messages) is None
