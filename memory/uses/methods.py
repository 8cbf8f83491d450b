"""Uses of the memories of one namespace, as methods of ``Memory``."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from remem import dates
from remem.contents import Contents, Where, as_filter
from remem.encoders.sentence_transformer import Encoder, Vectors
from remem.generators.prompts import Prompt
from remem.languages import TRANSLATION, tag
from remem.recall.prompt import build_context
from remem.recall.recollection import Recollection
from remem.store import Dense, F, Filter, Hit, InvalidInput, Record, Text
from remem.unanswered import Unanswered
from remem.uses.engines import Engine
from remem.uses.gaps import Gaps, in_vain, shares, silent_months, stale
from remem.uses.labelled import (
    HAS_LABELS,
    Guess,
    Labelled,
    Reason,
    checked_name,
    curve,
    given,
    guessed,
    is_example,
    label_of,
    tally,
)
from remem.uses.labels import Classifier, learned
from remem.uses.summary import Summary, summarize
from remem.uses.translation import (
    Glossary,
    Translation,
    block,
    by_generator,
    matches,
    translated,
)
from remem.versions import is_current
from remem.views import TURN, space_of
from remem.writer import Writer

if TYPE_CHECKING:
    from remem.generators.opening import Generator

Progress = Callable[[int, int], None]
"""Called with records done and records in all."""

_AT_ONCE = 256
_MOST_EXAMPLES = 5000
"""Examples that are learned from, the newest: of more, the model would not become better."""

_REWRITE = (
    "Rewrite the notes above as a summary in at most {words} words. Keep names and dates, and add "
    "nothing that they do not say."
)
_TRANSLATE = (
    "Translate the text below into the language {language}. Answer with the translation only, and "
    "keep what stands in braces or behind a per cent sign.\n\n{text}"
)
_TRANSLATED = F("kind") == TRANSLATION
_CANDIDATES = 60
"""Sentences that are compared piece by piece."""

_NO_LIMIT = 10**9
"""Tokens of the notes: they have been chosen, so all of them are shown."""


@dataclass(frozen=True, slots=True)
class _Learned:
    """A model with the examples that it is of."""

    examples: Sequence[Record]
    classifier: Classifier


@dataclass(frozen=True, slots=True)
class Models:
    """The models that a process has learned, each until its examples change."""

    _learned: dict[tuple[str, str], _Learned] = field(default_factory=dict)

    def of(
        self, namespace: str, name: str, examples: Sequence[Record], learn: Callable[[], Classifier]
    ) -> Classifier:
        """The model of these examples, learned if it is not known."""
        known = self._learned.get((namespace, name))
        if known is None or known.examples != examples:
            known = self._learned[namespace, name] = _Learned(examples, learn())
        return known.classifier


def _nowhere(done: int, of: int) -> None:
    """Tell nobody how far it is."""


class Uses(Contents):
    """The memories of one namespace, put to use."""

    _writer: Writer
    _models: Models
    _unanswered: Unanswered | None

    def summarize(
        self,
        words: int = 300,
        *,
        where: Where | None = None,
        generator: Generator | None = None,
    ) -> Summary:
        """The sentences that tell most, word for word, spread over the sessions; see
        ``remem.uses.summary``.

        Args:
            words: Most words of all lines together.
            where: Only of these: a speaker, a stretch of time, ...
            generator: Rewrites the lines; they stay beside what it writes.

        Raises:
            InvalidInput: fewer than one word, or nothing matches.
        """
        if words < 1:
            raise InvalidInput(f"the summary may have {words} words: give 1 or more")
        found = summarize(filter(is_current, self.scan(where)), words)
        if not found.records:
            raise InvalidInput(
                "nothing is remembered that these conditions leave; 'remem sources' lists what "
                "there is, and from when to when"
            )
        return replace(found, rewritten=_rewritten(found, generator)) if generator else found

    def gaps(self, now: datetime | None = None) -> Gaps:
        """The gaps of this memory; see ``remem.uses.gaps``. Questions that had no answer are asked
        again, and left out if they have one by now.

        Args:
            now: From when on facts are old; None: the present.
        """
        records = [each for each in self.scan() if is_current(each)]
        asked = in_vain(self._unanswered.of(self.namespace)) if self._unanswered else []
        return Gaps(
            shares(records, "speaker"),
            shares(records, "origin"),
            shares(records, "source"),
            silent_months(records),
            stale(records, now or dates.now()),
            [one for one in asked if not self._answered(one.question)],
        )

    @abstractmethod
    def _answered(self, question: str) -> bool:
        """True if something that is remembered matters for a question."""

    def label(self, name: str, label: str, *keys: str) -> int:
        """Give memories a label, from which others are learned; it stands in their metadata.

        Args:
            name: What is labelled: ``"mood"``.
            label: ``"good"``.

        Returns:
            How many memories were changed.

        Raises:
            InvalidInput: no key is given, one is unknown, or a name or label is none.
        """
        checked_name(name)
        if not label.strip():
            raise InvalidInput("the label is empty: give a word such as good")
        if not keys:
            raise InvalidInput("say which memories to label: give their keys, as a search shows")
        stored = [self._stored(key) for key in keys]
        present = {now.key: now for each in stored for now in [self.history(each.key)[-1]]}
        self._writer.put(self.namespace, [given(each, name, label) for each in present.values()])
        return len(present)

    def labels(self, where: Where | None = None) -> Mapping[str, Mapping[str, int]]:
        """Counts of each label that memories have, given or guessed: name -> label -> count."""
        chosen = as_filter(where)
        labelled = HAS_LABELS if chosen is None else HAS_LABELS & chosen
        return tally(filter(is_current, self.scan(labelled)))

    def classify(self, name: str, text: str) -> Guess:
        """The label for a text, as it follows from the memories that somebody labelled; see
        ``remem.uses.labels``.

        Raises:
            InvalidInput: the text is empty, or there are no examples of two labels.
        """
        if not text.strip():
            raise InvalidInput("the text is empty: give the words to classify")
        examples, classifier = self._model(name)
        [found] = classifier.judge(self._encoded([text]), [text])
        reasons = (
            Reason(examples[at], label_of(examples[at], name) or "", cosine)
            for at, cosine in found.nearest
        )
        return Guess(found.label, found.probability, found.nearness, tuple(reasons))

    def classify_all(
        self, name: str, where: Where | None = None, progress: Progress = _nowhere
    ) -> Labelled:
        """Label the memories that nobody labelled, as far as they are like some that somebody did.
        What was guessed before is guessed anew.

        It takes about as long as remembering them did.

        Raises:
            InvalidInput: there are no examples of two labels.
        """
        _, classifier = self._model(name)
        chosen = self.scan(where)
        left = [each for each in chosen if is_current(each) and not is_example(each, name)]
        counts: Counter[str] = Counter()
        for start in range(0, len(left), _AT_ONCE):
            some = left[start : start + _AT_ONCE]
            texts = [each.text for each in some]
            found = classifier.judge(self._encoded(texts), texts)
            new = [
                guessed(record, name, one.label, one.probability)
                for record, one in zip(some, found, strict=True)
            ]
            changed = [each for each, old in zip(new, some, strict=True) if each != old]
            self._writer.put(self.namespace, changed)
            counts.update(one.label for one in found if one.label is not None)
            progress(start + len(some), len(left))
        return Labelled(dict(counts.most_common()), len(left) - counts.total())

    def curve(self, name: str, where: Where | None = None) -> Mapping[str, Mapping[str, int]]:
        """Counts of each label, by month or day: ``"2024-03"`` -> label -> count.

        Raises:
            InvalidInput: no memory that matches has such a label; where none of them has a date,
                the counts are empty.
        """
        labelled = self._labelled(name, as_filter(where))
        found = list(filter(is_current, self.scan(labelled)))
        if not found:
            raise InvalidInput(
                f"no memory that these conditions leave has a label {name!r}; "
                f"'remem label {name} LABEL KEY' gives one"
            )
        return curve(found, name)

    def translate(
        self,
        text: str,
        to: str,
        *,
        glossary: Glossary | None = None,
        engine: Engine | None = None,
        generator: Generator | None = None,
    ) -> Translation:
        """The translation of a sentence as it follows from those that are stored; see
        ``remem.uses.translation``. ``remem.ingest`` reads them from .po and .tmx files.

        Args:
            to: The language, such as ``"es"`` or ``"pt-BR"``.
            glossary: Terms and the translations that they must have.
            engine: Translates what the memory does not know; see ``remem.uses.engines``.
            generator: Does so with the nearest sentences and the glossary in front of it, where
                there is no engine.

        Raises:
            InvalidInput: the text is empty, or no translation into the language is stored.
            UpstreamError: the engine or the generator fails.
        """
        if not text.strip():
            raise InvalidInput("the text is empty: give the words to translate")
        language = tag(to)
        found = matches(text, language, self._translated_before(text, language))
        made = translated(text, found, glossary or {}, engine)
        if generator is None or made.origin != "none":
            return made
        known = block(found, made.terms)
        asked = _TRANSLATE.format(language=language, text=text)
        prompt = Prompt(f"{known}\n\n{asked}" if known else asked)
        return by_generator(made, generator.generate(prompt).strip())

    def languages(self) -> Mapping[str, int]:
        """Languages into which sentences with a translation are stored, each with how many."""
        stored = (one.metadata.get("translations", ()) for one in self.scan(_TRANSLATED))
        return dict(sorted(Counter(chain.from_iterable(stored)).items()))

    def _translated_before(self, text: str, language: str) -> Sequence[Record]:
        """The sentences with a translation that come near to a text, by words and by meaning."""
        into = _TRANSLATED & F(f"metadata.translations.{language or '-'}").exists()
        if not self.count(into):
            known = self.languages()
            raise InvalidInput(
                f"no translation into {language!r} is stored; there are some into "
                f"{', '.join(known)}"
                if known
                else "no translations are stored here; 'remem import FILE.po' or FILE.tmx brings "
                "some"
            )

        def near(encoder: Encoder) -> Sequence[Sequence[Hit]]:
            legs = Text(TURN, text), Dense(TURN, encoder.encode_query(text), space_of(encoder))
            return self._store.search(self.namespace, legs, _CANDIDATES, into)

        hits = self._writer.with_encoder(near)
        return list({hit.record.key: hit.record for leg in hits for hit in leg}.values())

    def _model(self, name: str) -> tuple[Sequence[Record], Classifier]:
        stored = self.scan(self._labelled(name))
        examples = [each for each in stored if is_current(each) and is_example(each, name)]
        examples.sort(key=lambda each: (str(each.stored_at), each.key))
        del examples[:-_MOST_EXAMPLES]

        def learn() -> Classifier:
            texts = [each.text for each in examples]
            labels = [label_of(each, name) or "" for each in examples]
            return learned(self._encoded(texts), texts, labels)

        if not examples:
            raise InvalidInput(
                f"no memory has a label {name!r} to learn from; 'remem label {name} LABEL KEY' "
                "gives one, and two memories with each of two labels are enough to begin with"
            )
        return examples, self._models.of(self.namespace, name, examples, learn)

    def _labelled(self, name: str, where: Filter | None = None) -> Filter:
        has_label = F(f"metadata.{checked_name(name)}").exists()
        return has_label if where is None else where & has_label

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        return self._writer.with_encoder(lambda encoder: encoder.encode_documents(texts))


def _rewritten(summary: Summary, generator: Generator) -> str:
    quoted = [
        Recollection(replace(one.record, text=one.text), 1.0, 1.0, {}) for one in summary.lines
    ]
    notes = build_context(quoted, budget=_NO_LIMIT)
    return generator.generate(Prompt(_REWRITE.format(words=summary.words), notes)).strip()
