"""The bodies of answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from typing_extensions import Self

from remem.recall.expectation import Stage
from remem.serve.fields import Told

PREFIX = "/api/v1"
"""Of all paths but those that OpenAI and Prometheus prescribe."""

_RECORD = {
    "key": "notes#8f0f6c3f0c2f6f1a",
    "source": "notes",
    "position": 0,
    "text": "The spare key is at the bakery, in the tin with the rooster on it.",
    "kind": "note",
    "role": None,
    "speaker": "Nora",
    "said_at": "2024-07-21T18:30:00+02:00",
    "stored_at": "2024-07-21T16:30:01.120934+00:00",
    "expires_at": None,
    "metadata": {"topic": "keys"},
    "superseded_by": None,
    "valid_to": None,
    "origin": "person",
}
_HIT = {
    "record": _RECORD,
    "score": 0.61,
    "relevance": 0.98,
    "parts": {"dense turn": 0.05, "text turn": 0.11, "room": 0.16},
    "words": ["spare", "key"],
    "until": None,
    "newer": None,
    "doubt": "",
}


_EXPECTED = {
    "key": "night shift#0",
    "stage": "budget",
    "reason": "It does not fit into a prompt of 60 tokens.",
    "remedy": "Ask with a budget of 88.",
    "place": 2,
    "score": 0.41,
    "relevance": 0.17,
    "reaches": [{"leg": "dense turn", "place": 3, "score": 0.52, "pool": 64}],
    "keeps": {"budget": 88},
    "words": [],
}


def _answer(**example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class _Answer(BaseModel):
    """A body made of an object's attributes."""

    @classmethod
    def of(cls, found: object = None, /, **fields: object) -> Self:
        """The body that tells of an object, or of one in each field."""
        return cls.model_validate(fields or found, from_attributes=True)


_Told = Annotated[str, BeforeValidator(str)]
"""An object as a sentence."""

_Key = Annotated[str, BeforeValidator(lambda one: one.record.key)]
"""A recollection as its key."""


class ErrorDetail(BaseModel):
    """Reason why a request was refused."""

    message: str = Field(description="One sentence that says what to do.")
    type: str
    code: str = Field(description="For programs.")


class ErrorOut(BaseModel):
    """A refusal."""

    model_config = _answer(
        error={
            "message": "no memory has the key 'notes#1' in namespace 'default'",
            "type": "not_found_error",
            "code": "not_found",
        }
    )

    error: ErrorDetail


class RecordOut(_Answer):
    """A memory, word for word."""

    model_config = _answer(**_RECORD)

    key: str
    source: str = Field(description="The session or document that it belongs to.")
    position: int = Field(description="Place in the source.")
    text: str
    kind: str = Field(description="`turn`, `passage`, `note`, or another.")
    role: str | None
    speaker: str | None
    said_at: Told | None
    stored_at: Told | None
    expires_at: Told | None
    metadata: dict[str, JsonValue]
    superseded_by: str | None = Field(description="Key of the version that replaced it.")
    valid_to: Told | None = Field(description="When it was replaced.")
    origin: str | None = Field(
        description="`person`, `assistant`, `tool`, `document`, `web`, or another."
    )


class Records(_Answer):
    """Several memories, in order."""

    model_config = _answer(records=[_RECORD])

    records: list[RecordOut]


class Page(Records):
    """Some memories of many."""

    model_config = _answer(records=[_RECORD], next=None)

    next: str | None = Field(description="What to pass as `after`; null on the last page.")


class Hit(_Answer):
    """A memory that was recalled."""

    model_config = _answer(**_HIT)

    record: RecordOut
    score: float = Field(description="What the order goes by; comparable within one answer only.")
    relevance: float = Field(description="How likely it is to matter for the question, 0 to 1.")
    parts: dict[str, float] = Field(description="What the score is made of.")
    words: list[str] = Field(description="Its words that the question asks for.")
    until: Told | None = Field(description="When it was stated otherwise; null: it was not.")
    newer: str | None = Field(description="Key of the memory that states it otherwise.")
    doubt: str = Field(
        description="Why it may not answer the question: `unanswered`, or `other person` where it "
        "is of others than whom the question names; empty if there is no doubt."
    )


class SupersessionOut(_Answer):
    """A statement that a newer one supersedes."""

    model_config = _answer(
        about="home", since="2024-07-21T18:30:00+02:00", older=_RECORD, newer=_RECORD
    )

    about: str = Field(description="The state of things: `home`, `school of daughter`.")
    since: Told = Field(description="When it was stated otherwise.")
    older: RecordOut
    newer: RecordOut


class Supersessions(_Answer):
    """The statements that newer ones supersede, oldest first."""

    supersessions: list[SupersessionOut]


class ReachOut(_Answer):
    """The depth at which a part of the search has a memory, and the depth to which it looked."""

    model_config = _answer(leg="text turn", place=87, score=3.1, pool=64)

    leg: str
    place: int | None = Field(description="In its order; null beyond the first 1,000.")
    score: float | None = Field(description="Null where it finds nothing in the memory.")
    pool: int = Field(description="How many it was asked for.")


class ExpectedOut(_Answer):
    """The fate of a memory that was expected."""

    model_config = _answer(**_EXPECTED)

    key: str
    stage: Stage = Field(description="Where it was dropped; `kept` if nowhere.")
    reason: str
    remedy: str = Field(description="What would have kept it.")
    place: int | None = Field(description="In the ranking, 1 being the best.")
    score: float | None
    relevance: float | None
    reaches: list[ReachOut] = Field(description="What each part of the search makes of it.")
    keeps: dict[str, float] = Field(
        description="Values of `k`, `floor` and `budget` with which it is kept, once the "
        "conditions that it fails are left out."
    )
    words: list[str] = Field(description="Words of it that would have brought it up.")


class Hits(_Answer):
    """The memories that answer a question, best first."""

    model_config = _answer(hits=[_HIT], expected=None)

    hits: list[Hit]
    expected: ExpectedOut | None = Field(
        description="What became of the memory that was expected; null if none was."
    )


class ContextOut(_Answer):
    """A block to put in front of a message, and what is in it."""

    model_config = _answer(
        text="The memories below ...", tokens=96, hits=[_HIT], left_out=[], doubt=""
    )

    text: str = Field(description="Empty where there is nothing to say.")
    tokens: int = Field(description="Its length, by an estimate.")
    hits: list[Hit] = Field(
        validation_alias="recollections", description="What is in it, in the order of time."
    )
    left_out: list[_Key] = Field(description="Keys of what was recalled and did not fit.")
    doubt: str = Field(description="Of all hits together, which the text tells in a sentence.")


class LineOut(_Answer):
    """A sentence, and the memory that it is from."""

    text: str = Field(description="Word for word.")
    record: RecordOut


class SummaryOut(_Answer):
    """Sentences of memories, in the order of time."""

    model_config = _answer(
        lines=[{"text": _RECORD["text"], "record": _RECORD}], words=14, records=181
    )

    lines: list[LineOut]
    words: int = Field(description="How many the lines have together.")
    records: int = Field(description="How many memories they were chosen from.")


class LabelsOut(_Answer):
    """Counts of each label, by name."""

    model_config = _answer(labels={"mood": {"good": 41, "bad": 12}})

    labels: dict[str, dict[str, int]]


class LabelledOut(_Answer):
    """Numbers of memories that got each label, and that got none."""

    model_config = _answer(labels={"good": 41, "bad": 12}, unknown=7)

    labels: dict[str, int]
    unknown: int = Field(description="Nothing near them is labelled.")


class CurveOut(_Answer):
    """Counts of each label, by month or day."""

    model_config = _answer(periods={"2024-03": {"bad": 2, "good": 9}})

    periods: dict[str, dict[str, int]]


class ReasonOut(_Answer):
    """A labelled memory that is near to a text."""

    record: RecordOut
    label: str
    cosine: float


class GuessOut(_Answer):
    """A label for a text, and why."""

    model_config = _answer(
        label="good",
        probability=0.84,
        nearness=0.41,
        reasons=[{"record": _RECORD, "label": "good", "cosine": 0.52}],
    )

    label: str | None = Field(description="Null: nothing near is labelled.")
    probability: float = Field(description="Of the likeliest label, 0 to 1.")
    nearness: float = Field(description="Mean cosine with the nearest labelled memories.")
    reasons: list[ReasonOut] = Field(description="These memories, the nearest first.")


class MatchOut(_Answer):
    """A sentence that was translated before."""

    percent: int = Field(description="How like the new one it is.")
    translation: str
    difference: str = Field(description="`[-gone-]` and `{+new+}` in the new sentence.")
    record: RecordOut


class TranslationOut(_Answer):
    """A translation, and what it was made of."""

    model_config = _answer(text="", origin="none", matches=[], missing=[])

    text: str = Field(description="Empty where nothing like it is stored.")
    origin: str = Field(description="`stored`, `repaired` or `none`.")
    matches: list[MatchOut] = Field(description="The sentences most like it, the best first.")
    missing: list[str] = Field(description="Terms whose translation the text lacks.")


class AddedOut(_Answer):
    """Keys of what is remembered now, and of what was already."""

    model_config = _answer(added=["night shift#0", "night shift#1"], unchanged=[], removed=[])

    added: list[str]
    unchanged: list[str]
    removed: list[_Told] = Field(description="Secrets that were taken out before, and where.")


class ImportedOut(BaseModel):
    """Counts of records that are new, of those that were known, and of those that were deleted or
    forgotten here and stay away."""

    model_config = _answer(added=165, unchanged=13, stayed_away=3)

    added: int
    unchanged: int
    stayed_away: int


class Count(BaseModel):
    """The number of records that went, earlier versions included."""

    model_config = _answer(records=13)

    records: int


class SourceOut(_Answer):
    """A session or document."""

    model_config = _answer(
        source="night shift",
        records=2,
        first_said_at="2024-07-21T18:30:00+02:00",
        last_said_at="2024-07-21T18:31:10+02:00",
    )

    source: str
    records: int
    first_said_at: Told | None
    last_said_at: Told | None


class Sources(_Answer):
    """The sessions and documents of a namespace, by name."""

    sources: list[SourceOut]


class Namespaces(BaseModel):
    """The namespaces that hold something and that the key opens, by name."""

    model_config = _answer(namespaces=["default", "nora"])

    namespaces: list[str]


class StatsOut(BaseModel):
    """Counts of a namespace, and the encoder that finds its memories."""

    model_config = _answer(
        namespace="nora", records=181, sources=12, encoder="sentence-transformers:...", dim=384
    )

    namespace: str
    records: int = Field(description="Earlier versions included.")
    sources: int
    encoder: str = Field(description="Whose vectors they are.")
    dim: int = Field(description="Length of these vectors.")


class StatusOut(BaseModel):
    """That all is well."""

    model_config = _answer(status="ok", version="0.1.0")

    status: str
    version: str


_REFUSALS = {
    400: "The body is no JSON, or the key opens several namespaces and the request names none.",
    401: "There is no key, or a wrong one.",
    403: "The key does not allow it.",
    404: "There is no such memory.",
    408: "The body took too long.",
    409: "The key belongs to another text.",
    413: "The body is too long.",
    415: "The body is of a type that is not read here.",
    422: "Something in the request is not as described.",
    429: "Too many requests.",
    503: "The store cannot be used now.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an endpoint, for its description."""
    return {status: {"model": ErrorOut, "description": _REFUSALS[status]} for status in statuses}
