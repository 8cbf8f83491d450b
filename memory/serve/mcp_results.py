"""Data of the MCP server's tools: what a program reads of their results."""

from __future__ import annotations

from pydantic import BaseModel


class RecalledMemory(BaseModel):
    """One memory.

    Attributes:
        relevance: How much it matters for the question, in [0, 1].
        until: When it was stated otherwise; None: it was not.
        doubt: Why it may not answer the question: "unanswered", or "other person" where it is of
            others than whom the question names; empty if there is no doubt.
    """

    key: str
    source: str
    speaker: str | None
    role: str | None
    origin: str | None
    said_at: str | None
    text: str
    relevance: float
    until: str | None
    doubt: str


class RecallData(BaseModel):
    """Memories, the most relevant first."""

    memories: list[RecalledMemory]


class ContextData(BaseModel):
    """A block for a prompt, empty if nothing matters, and what is in it, oldest first."""

    block: str
    tokens: int
    memories: list[RecalledMemory]


class SummaryLine(BaseModel):
    """A sentence of a memory, word for word."""

    key: str
    speaker: str | None
    said_at: str | None
    text: str


class SummaryData(BaseModel):
    """Sentences in the order of time, and how many memories they were chosen from."""

    lines: list[SummaryLine]
    records: int


class TranslatedBefore(BaseModel):
    """A sentence that was translated before, and how like the new one it is, in per cent."""

    percent: int
    text: str
    translation: str


class TranslateData(BaseModel):
    """A translation, empty if nothing like it is stored, and the sentences most like it.

    Attributes:
        origin: "stored", "repaired" (from the best of these sentences) or "none".
    """

    translation: str
    origin: str
    matches: list[TranslatedBefore]


class LabelsData(BaseModel):
    """Labels that memories have, and when.

    Attributes:
        labels: Name -> label -> how many memories have it.
        periods: Of the name that was asked for, by month or day: label -> how many.
    """

    labels: dict[str, dict[str, int]]
    periods: dict[str, dict[str, int]]


class LabelledExample(BaseModel):
    """A labelled memory that is near to a text: its cosine, at most 1, says how near."""

    key: str
    label: str
    text: str
    cosine: float


class ClassifyData(BaseModel):
    """A label for a text, and why.

    Attributes:
        label: None: nothing near is labelled.
        probability: Of the likeliest label, in [0, 1].
        examples: The nearest labelled memories, the nearest first.
    """

    label: str | None
    probability: float
    examples: list[LabelledExample]


class LabelData(BaseModel):
    """The number of memories that have the label now."""

    labelled: int


class RememberData(BaseModel):
    """Keys of what was stored, and of what was known already."""

    keys: list[str]
    known: list[str]


class CorrectData(BaseModel):
    """The key of the new words, and that of the memory that was corrected."""

    key: str
    corrected: str


class ChangeData(BaseModel):
    """A statement that a newer one supersedes.

    Attributes:
        about: The state of things.
        since: When it was stated otherwise.
        older, newer: Their keys.
    """

    about: str
    since: str
    older: str
    newer: str


class HistoryData(BaseModel):
    """Changes, the latest first, and how many there are in all."""

    changes: list[ChangeData]
    total: int


class UndoData(BaseModel):
    """The key of the memory that is true beside the newer ones."""

    key: str


class ForgetData(BaseModel):
    """The number of records that went, earlier versions included."""

    forgotten: int


class SourceData(BaseModel):
    """A session or document."""

    source: str
    title: str
    records: int
    first_said_at: str | None
    last_said_at: str | None


class ListSourcesData(BaseModel):
    """Sources, the latest first, and how many there are in all."""

    sources: list[SourceData]
    total: int
