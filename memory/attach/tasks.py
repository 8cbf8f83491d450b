"""Requests that a front end makes for itself, through the endpoint that its user speaks through.

Titles, tags, questions to ask next, summaries: nobody said them, so they are no memories, and
memories in front of them would only be in the way. Front ends do not mark them, so they are known
by their words: by how the last message or the instructions begin and end, and by what stands
between in the template of that front end. Who quotes one of these prompts in a message of his own
is not meant.

A front end whose prompts were changed by its user is not recognised; it can send the header
``X-Remem-Memory: off`` instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remem.messages import words

_INSTRUCTIONS = ("system", "developer")  # no set: a role may be of any form


@dataclass(frozen=True, slots=True)
class Rule:
    """A prompt of a front end. Plain texts, so that a message of any length is read in one go.

    Attributes:
        task: Whose it is and what for; the label in the metrics.
        source: Where the prompt can be read.
        begins: How the last message may begin, white space left out.
        then: What follows in it, in this order.
        ends: How it may end.
        instructions: How the first message may begin, if the prompt stands there: then there are no
            answers in between, because the conversation is part of the question.
    """

    task: str
    source: str
    begins: tuple[str, ...] = ("",)
    then: tuple[str, ...] = ()
    ends: tuple[str, ...] = ("",)
    instructions: tuple[str, ...] = ()

    def recognises(self, messages: Sequence[Mapping[str, Any]]) -> bool:
        """True if the front end asks for its own sake."""
        said = _words(messages[-1])
        fits = said.startswith(self.begins) and said.endswith(self.ends)
        return fits and _stand_in(said, self.then) and self._instructed(messages)

    def _instructed(self, messages: Sequence[Mapping[str, Any]]) -> bool:
        if not self.instructions:
            return True
        told = messages[0].get("role") in _INSTRUCTIONS
        answered = any(each.get("role") == "assistant" for each in messages)
        return told and not answered and _words(messages[0]).startswith(self.instructions)


def task_of(messages: Sequence[Any]) -> str | None:
    """The task of a front end that a request is; None: somebody says something.

    Args:
        messages: In the form of OpenAI; of any other form, nobody is recognised.
    """
    if not messages or not all(isinstance(each, Mapping) for each in messages):
        return None
    if messages[-1].get("role") not in ("user", *_INSTRUCTIONS):
        return None
    return next((rule.task for rule in RULES if rule.recognises(messages)), None)


def _words(message: Mapping[str, Any]) -> str:
    return words(message.get("content")).strip()


def _stand_in(text: str, parts: Sequence[str]) -> bool:
    place = 0
    for part in parts:
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


_OPEN_WEBUI = "open-webui/open-webui: backend/open_webui/config.py"
_LIBRECHAT = "danny-avila/agents: src/utils/title.ts"
_LIBRECHAT_TITLE = "Provide a concise, 5-word-or-less title for the conversation, using "

RULES: tuple[Rule, ...] = (
    # Title, tags, follow-up questions, search queries and image prompts are made in one way. The
    # prompt for documents begins alike, but holds a question of the user and no history.
    Rule(
        "open-webui",
        _OPEN_WEBUI,
        ("### Task:\n",),
        ("\n### Chat History:\n", "<chat_history>\n"),
        ("</chat_history>", '</chat_history>"'),
    ),
    Rule(
        "open-webui autocompletion",
        _OPEN_WEBUI,
        ("### Task:\nYou are an autocompletion system.",),
        ("\n### Context:\n", "<chat_history>\n", "</chat_history>", "<type>", "<text>", "</text>"),
        ("#### Output:",),
    ),
    Rule(
        "open-webui emoji",
        _OPEN_WEBUI,
        ("Your task is to reflect the speaker's likely facial expression through a fitting emoji",),
        ("Message: ```",),
        ("```",),
    ),
    Rule(
        "librechat title", _LIBRECHAT, (_LIBRECHAT_TITLE,), (), ("Only return the title itself.",)
    ),
    Rule(
        "librechat title",
        _LIBRECHAT,
        (_LIBRECHAT_TITLE,),
        ("Only return the title itself.\n\nConversation:\n",),
    ),
    Rule(
        "librechat title",
        _LIBRECHAT,
        ("Analyze this conversation and provide:\n1. The detected language of the conversation\n",),
        ("2. A concise title in the detected language ", "\n\n"),
    ),
    Rule(
        "big-agi title",
        "enricoros/big-AGI: src/modules/aifn/autotitle/autoTitle.ts",
        ("Analyze the given short conversation (every line is truncated) and extract a concise ",),
        ("\n```\n",),
        ("```",),
        ("You are an AI conversation titles assistant who specializes in ",),
    ),
    Rule(
        "lobe-chat title",
        "lobehub/lobe-chat: packages/prompts/src/chains/summaryTitle.ts",
        instructions=(
            "You are a professional conversation summarizer. Generate a concise title that "
            "captures the essence of the conversation.\n\nRules:\n",
        ),
    ),
    Rule(
        "lobe-chat or cherry-studio title",
        "lobehub/lobe-chat; CherryHQ/cherry-studio: src/renderer/src/config/prompts.ts",
        instructions=(
            "你是一名擅长会话的助理，你需要将用户的会话总结为 10 个字以内的标题",
            "你是一名擅长会话的助理，你需要将用户的会话总结为10个字以内的标题",
        ),
    ),
    Rule(
        "cherry-studio title",
        "CherryHQ/cherry-studio: src/renderer/src/config/prompts.ts",
        instructions=(
            "You are an assistant skilled in conversation. You need to summarize the user's "
            "conversation into a title within 10 words",
        ),
    ),
    Rule(
        "deepchat title",
        "ThinkInAIXYZ/deepchat: src/main/presenter/llmProviderPresenter",
        instructions=(
            "You need to summarize the user's conversation into a title of no more than 10 words, "
            "with the title language matching the user's primary language",
        ),
    ),
    Rule(
        "chatbox title",
        "Bin-Huang/chatbox: src/renderer/packages/prompts.ts",
        ("Based on the chat history, give this conversation a name.\n",),
        ("Keep it short", "Just provide the name, nothing else.\n"),
    ),
    Rule(
        "nextchat title",
        "ChatGPTNextWeb/NextChat: app/locales/en.ts",
        ("Please generate a four to five word title summarizing our conversation without any ",),
        (),
        ("Remove enclosing quotation marks.",),
    ),
    Rule(
        "nextchat summary",
        "ChatGPTNextWeb/NextChat: app/locales/en.ts",
        ("Summarize the discussion briefly in 200 words", "Summarize our discussion briefly in "),
        (),
        ("or less to use as a prompt for future context.",),
    ),
    Rule(
        "sillytavern summary",
        "SillyTavern/SillyTavern: public/scripts/extensions/memory/index.js",
        (
            "Ignore previous instructions. Summarize the most important facts and events in the "
            "story so far.",
        ),
        (),
        ("Your response should include nothing but the summary.",),
    ),
)
