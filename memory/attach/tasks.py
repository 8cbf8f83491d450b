"""Requests that a front end makes for itself, through the endpoint that its user speaks through.

Titles, tags, questions to ask next, summaries: nobody said them, so they are no memories, and
memories in front of them would only be in the way. Front ends do not mark them, so they are known
by their words: by how the last message or the instructions begin, and by what else the template of
that front end always has. Who quotes one of these prompts in a message of his own is not meant.

A front end whose prompts were changed by its user is not recognised; it can send the header
``X-Remem-Memory: off`` instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memory.attach.utterances import words

__all__ = ["RULES", "Rule", "task_of"]

_INSTRUCTIONS = ("system", "developer")  # no set: a role may be of any form


@dataclass(frozen=True, slots=True)
class Rule:
    """A prompt of a front end.

    Attributes:
        task: Whose it is and what for; the label in the metrics.
        source: Where the prompt can be read.
        prompt: Matches the whole of the last message, white space around it left out.
        instructions: Matches the beginning of the first message, if the prompt stands there: then
            the conversation has no answers, because it is part of the question.
    """

    task: str
    source: str
    prompt: re.Pattern[str] | None = None
    instructions: re.Pattern[str] | None = None

    def recognises(self, messages: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the front end asks for its own sake."""
        if self.prompt and not self.prompt.fullmatch(_words(messages[-1])):
            return False
        if self.instructions:
            begins = messages[0].get("role") in _INSTRUCTIONS
            answered = any(each.get("role") == "assistant" for each in messages)
            return begins and not answered and bool(self.instructions.match(_words(messages[0])))
        return True


def task_of(messages: Sequence[Any]) -> str | None:
    """The task of a front end that a request is; None: somebody says something.

    Args:
        messages: In the form of OpenAI; of any other form, nobody is recognised.
    """
    if not messages or not all(isinstance(each, Mapping) for each in messages):
        return None
    last = messages[-1].get("role")
    if last != "user" and last not in _INSTRUCTIONS:
        return None
    return next((rule.task for rule in RULES if rule.recognises(messages)), None)


def _words(message: Mapping[str, Any]) -> str:
    return words(message.get("content")).strip()


def _pattern(*parts: str) -> re.Pattern[str]:
    """The parts in their order, with anything between them."""
    return re.compile(".*?".join(parts), re.DOTALL)


_HISTORY = r"<chat_history>.*</chat_history>\"?"
_OPEN_WEBUI = "open-webui/open-webui: backend/open_webui/config.py"

RULES: tuple[Rule, ...] = (
    # Title, tags, follow-up questions, search queries and image prompts are made in one way. The
    # prompt for documents begins alike, but holds a question of the user and no history.
    Rule(
        "open-webui",
        _OPEN_WEBUI,
        _pattern(r"### Task:\n", r"\n### Chat History:\n", _HISTORY),
    ),
    Rule(
        "open-webui autocompletion",
        _OPEN_WEBUI,
        _pattern(
            r"### Task:\nYou are an autocompletion system\.",
            r"\n### Context:\n",
            _HISTORY + r"\s*<type>.*</type>\s*<text>.*</text>\s*#### Output:",
        ),
    ),
    Rule(
        "open-webui emoji",
        _OPEN_WEBUI,
        _pattern(
            r"Your task is to reflect the speaker's likely facial expression ",
            r"Message: ```.*```",
        ),
    ),
    Rule(
        "librechat title",
        "danny-avila/agents: src/utils/title.ts",
        _pattern(
            r"Provide a concise, 5-word-or-less title for the conversation, using ",
            r"Only return the title itself\.(?:\s+Conversation:\n.*)?",
        ),
    ),
    Rule(
        "librechat title",
        "danny-avila/agents: src/utils/title.ts",
        _pattern(
            r"Analyze this conversation and provide:\n1\. The detected language of the conversation"
            r"\n2\. A concise title in the detected language ",
            r"\n\n.*",
        ),
    ),
    Rule(
        "big-agi title",
        "enricoros/big-AGI: src/modules/aifn/autotitle/autoTitle.ts",
        _pattern(
            r"Analyze the given short conversation \(every line is truncated\) and extract a "
            r"concise chat title ",
            r"```.*```",
        ),
        re.compile("You are an AI conversation titles assistant who specializes in "),
    ),
    Rule(
        "lobe-chat title",
        "lobehub/lobe-chat: packages/prompts/src/chains/summaryTitle.ts",
        instructions=_pattern(
            r"You are a professional conversation summarizer\. Generate a concise title ",
            r"\n\nRules:\n",
        ),
    ),
    Rule(
        "lobe-chat or cherry-studio title",
        "lobehub/lobe-chat, CherryHQ/cherry-studio: src/renderer/src/config/prompts.ts",
        instructions=re.compile(
            "你是一名擅长会话的助理，你需要将用户的会话总结为 ?10 ?个字以内的标题"
        ),
    ),
    Rule(
        "cherry-studio title",
        "CherryHQ/cherry-studio: src/renderer/src/config/prompts.ts",
        instructions=re.compile(
            "You are an assistant skilled in conversation. You need to summarize the user's "
            "conversation into a title within 10 words"
        ),
    ),
    Rule(
        "deepchat title",
        "ThinkInAIXYZ/deepchat: src/main/presenter/llmProviderPresenter",
        instructions=re.compile(
            "You need to summarize the user's conversation into a title of no more than 10 words, "
            "with the title language matching the user's primary language"
        ),
    ),
    Rule(
        "chatbox title",
        "Bin-Huang/chatbox: src/renderer/packages/prompts.ts",
        _pattern(
            r"Based on the chat history, give this conversation a name\.\n+Keep it short",
            r"\n.*",
        ),
    ),
    Rule(
        "nextchat title",
        "ChatGPTNextWeb/NextChat: app/locales/en.ts",
        _pattern(
            r"Please generate a four to five word title summarizing our conversation without any "
            r"lead-in, ",
            r"Remove enclosing quotation marks\.",
        ),
    ),
    Rule(
        "nextchat summary",
        "ChatGPTNextWeb/NextChat: app/locales/en.ts",
        re.compile(
            r"Summarize (?:the|our) discussion briefly in 200 words or less to use as a prompt for "
            r"future context\."
        ),
    ),
    Rule(
        "sillytavern summary",
        "SillyTavern/SillyTavern: public/scripts/extensions/memory/index.js",
        _pattern(
            r"(?:Ignore previous instructions\. )?Summarize the most important facts and events in "
            r"the story so far\.",
            r"Your response should include nothing but the summary\.",
        ),
    ),
)
