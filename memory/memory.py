"""``Memory``: the one class that an application needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, overload

from remem import dates, transfer
from remem.contents import Where, as_filter, restore, with_pinned
from remem.departed import Departed, departed_from
from remem.encoders.opening import encoder_for
from remem.encoders.sentence_transformer import Encoder
from remem.inquiry import Inquiries
from remem.messages import note_key, placed, records_of
from remem.recall.expectation import Found, Terms
from remem.recall.given import Given
from remem.recall.prompt import Context, CountTokens, build_context, estimate_tokens
from remem.recall.quotes import CONSIDERED, MOST, Quote, quotes
from remem.recall.recollection import Recollection
from remem.recall.relevance import FLOOR, relevant
from remem.recall.retriever import Retriever, Searches
from remem.secrets.guard import Guard, guard_called
from remem.store import InvalidInput, Record, Store, Verification, open_store
from remem.store.base import OnDamage, log_damage
from remem.store.filters import matches_everything
from remem.unanswered import Unanswered
from remem.uses.methods import Models, Uses
from remem.writer import Added, Writer

if TYPE_CHECKING:
    from remem.attach.chat import Chat
    from remem.generators.opening import Generator


class Memory(Inquiries, Uses):
    """Everything that was said and read, kept word for word, and recalled by meaning and by words.

    Thread-safe; a context manager. Several processes may use one store.

    Args:
        url: A folder (made if needed), a server or ``":memory:"``; see ``remem.store.open_store``.
        namespace: Whose memory this is, in any Unicode form. Namespaces never see each other.
        encoder: Text to vectors. None: the one that the store was made with; in a new store the
            bundled all-MiniLM-L6-v2. Its model is loaded when first needed.
        retriever: How to search.
        secrets: What becomes of keys, tokens and passwords in what is to be remembered: "allow",
            "redact" (a mark takes their place), "refuse", or a ``remem.secrets.Guard``.
        unanswered: Where questions are kept for which ``context`` has nothing; None: nowhere.
        departed: Where digests are kept of what is deleted and forgotten, so that imports leave it
            away; None: in the folder of a store that has one, else as long as the process lasts.

    Raises:
        EncoderMismatch: the store was made by another encoder; ``reindex`` changes it.
        MissingDependency: the store's encoder, or looking for secrets, needs an optional package.
        CorruptStore, StoreReadOnly, StoreFull, UpstreamError: the store cannot be used.
    """

    def __init__(
        self,
        url: str | Path,
        namespace: str = "default",
        *,
        encoder: Encoder | None = None,
        retriever: Searches | None = None,
        secrets: str | Guard = "allow",
        unanswered: Unanswered | None = None,
        departed: Departed | None = None,
    ) -> None:
        self.namespace = namespace
        guard = guard_called(secrets)
        store = open_store(url)
        try:
            encoder = encoder_for(store.space, encoder)
        except BaseException:
            store.close()
            raise
        self._writer = Writer(store, encoder, guard)
        self._retriever: Searches = retriever or Retriever()
        self._given = Given()
        self._models = Models()
        self._unanswered = unanswered
        self._departed = departed or departed_from(url)

    @property
    def departed(self) -> Departed:
        """The notes of what was deleted or forgotten, which the next import leaves away."""
        return self._departed

    @property
    def encoder(self) -> Encoder:
        """The encoder that turns text into vectors."""
        return self._writer.encoder

    @property
    def guard(self) -> Guard:
        """The guard that decides what becomes of secrets."""
        return self._writer.guard

    def in_namespace(self, namespace: str) -> Memory:
        """Another namespace of the same store, with the same encoder; closing one closes both."""
        other = copy(self)
        other.namespace = namespace
        return other

    def searched_by(self, retriever: Searches) -> Memory:
        """The same memory, searched in another way; closing one closes both."""
        other = copy(self)
        other._retriever = retriever
        return other

    def add(
        self,
        text: str,
        *,
        source: str = "notes",
        kind: str = "note",
        speaker: str | None = None,
        role: str | None = None,
        said_at: datetime | None = None,
        expires_at: datetime | None = None,
        metadata: Mapping[str, Any] | None = None,
        key: str | None = None,
        origin: str | None = None,
    ) -> Record:
        """Remember one text. The same text of the same speaker and time is remembered once, unless
        it was superseded or expired meanwhile.

        Args:
            said_at: When it was said; None: now.
            key: Identity of the record; by default made from source, text, speaker and said_at.
            origin: Where the words come from; by default as ``remem.store.types`` says.

        Returns:
            The record as it is stored.

        Raises:
            Conflict: the key belongs to another text.
            InvalidInput: an empty text, a naive datetime, metadata that is not JSON, ...
        """
        record = Record(
            key=key or note_key(source, text, speaker, said_at),
            source=source,
            position=0,
            text=text,
            kind=kind,
            role=role,
            speaker=speaker,
            said_at=said_at or dates.now(),
            expires_at=expires_at,
            metadata=metadata or {},
            origin=origin,
        )
        return self._writer.add_last(self.namespace, self._linked(record))

    def add_messages(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        session: str = "chat",
        start: int | None = None,
    ) -> Added:
        """Remember messages of a conversation; see ``remem.messages.records_of`` for their form.

        Args:
            session: The conversation they belong to.
            start: Position in the session of the first message that somebody said. None: they
                continue the session; what they repeat of its end is recognised and not added
                twice, so both the newest exchange and the whole conversation can be passed.

        Raises:
            Conflict: with ``start`` or message ids, other words are stored in that place.
            InvalidInput: a message is not of the form.
        """
        records = records_of(messages, session)
        if start is not None:
            return self.add_records(map(dates.dated, placed(records, start)))
        return self._writer.append(
            self.namespace, session, records, lambda record: self._linked(dates.dated(record))
        )

    def add_document(
        self,
        document: str | Path,
        *,
        source: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        origin: str | None = None,
    ) -> Added:
        """Remember a document, passage by passage.

        Args:
            document: A file (text, Markdown, HTML, PDF, DOCX, EPUB, ...): a ``Path``, or a string
                of one line that ends like such a file. Any other string is the text itself, as
                Markdown.
            source: What to call it; by default the file's name, or a digest of the text. Passages
                that the source had before and the document does not have are superseded.
            origin: Where the words come from; by default ``"web"`` for HTML, else ``"document"``.

        Raises:
            InvalidInput: a part of it cannot be read.
            MissingDependency: its format needs an optional package.
        """
        # Here, because the readers take a tenth of a second, for which each hook would wait.
        from remem.ingest.documents import document_records

        records = document_records(document, source=source, metadata=metadata, origin=origin)
        return self._writer.add_whole(self.namespace, records[0].source, records)

    def add_records(self, records: Iterable[Record]) -> Added:
        """Remember records as the readers of ``remem.ingest`` yield them, in batches.

        Streamed: only their keys are kept until the end. Batches before one that fails are stored.

        Raises:
            Conflict: a key belongs to another text; its batch was not stored.
        """
        return self._writer.add(self.namespace, map(self._linked, records))

    def put_records(self, records: Sequence[Record]) -> None:
        """Remember records in place of those that have their keys: all of them at once, or none.
        What stood there is gone, without a history."""
        self._writer.put(self.namespace, records)

    @overload
    def search(
        self,
        query: str,
        k: int = 10,
        *,
        where: Where | None = None,
        now: datetime | None = None,
        explain: bool = False,
    ) -> list[Recollection]: ...

    @overload
    def search(
        self,
        query: str,
        k: int = 10,
        *,
        where: Where | None = None,
        now: datetime | None = None,
        explain: bool = False,
        expect: str,
    ) -> Found: ...

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        where: Where | None = None,
        now: datetime | None = None,
        explain: bool = False,
        expect: str | None = None,
    ) -> list[Recollection]:
        """The k memories that answer a question best, best first.

        Args:
            where: Only these: a filter made with ``remem.store.F``, or its JSON form.
            now: When the question is asked, which decides what "last week" means; None: now.
            explain: Fill in ``Recollection.parts``.
            expect: Key of a memory that should be among them: ``expected`` of what is returned
                tells whether it is, and if not, why not. See ``why``.

        Raises:
            InvalidInput: an empty question, k < 1, a naive ``now``, or an empty key.
        """
        chosen = as_filter(where)
        if expect is None:
            found = self._asking(self._retriever, now)(self._store, query, k, chosen)
            self._given.keep(self.namespace, found, dates.now())
            return found if explain else _without_parts(found)
        answer = self._inquiry(query, expect, now).answer(Terms(k, chosen))
        return answer if explain else Found(_without_parts(answer), answer.expected)

    def context(
        self,
        query: str,
        *,
        budget: int = 1000,
        count_tokens: CountTokens = estimate_tokens,
        k: int = 50,
        where: Where | None = None,
        now: datetime | None = None,
        floor: float = FLOOR,
        known: Collection[str] = (),
    ) -> Context:
        """A block for the prompt: what is pinned, and the memories that matter for a message.

        Args:
            budget: Most tokens, as ``count_tokens`` of the target model counts them.
            k: Most memories besides the pinned ones.
            now: When the message is sent, which decides what "last week" in it means; when given,
                the block tells the model so. None: the present.
            floor: The least relevance of a memory, in [0, 1]. For small talk, and for questions
                about what nobody ever spoke of, nothing reaches it and the block is empty.
            known: Texts that the model reads anyway; memories that say the same are left out.
        """
        pins = self.pinned(where)
        most = k + min(len(known), 100)  # what is known shall not take the place of what is not
        found = relevant(self.search(query, most, where=where, now=now, explain=True), floor)
        given = with_pinned(pins, found)
        news = [one for one in given if one.record.text not in known][: k + len(pins)]
        if not found and self._unanswered:
            self._unanswered.note(self.namespace, query, self.guard)
        return build_context(news, budget=budget, query=query, count_tokens=count_tokens, now=now)

    def quote(
        self,
        question: str,
        most: int = MOST,
        *,
        where: Where | None = None,
        now: datetime | None = None,
    ) -> list[Quote]:
        """The sentences that answer a question, best first, as they were said, each of another
        memory; none where nobody said. No model is asked.

        Args:
            where, now: Those of ``search``, which tells what is raised.
        """
        found = self.search(question, max(most, CONSIDERED), where=where, now=now, explain=True)
        return quotes(question, found, most)

    def chat(self, generator: Generator, session: str | None = None, **options: Any) -> Chat:
        """A chatbot that remembers: ``memory.chat(generator).send("...")``. See
        ``remem.attach.chat.Chat`` for the options; a session of None is a new one."""
        from remem.attach.chat import Chat

        return Chat(self, generator, session, **options)

    def update(
        self,
        key: str,
        text: str,
        *,
        said_at: datetime | None = None,
        origin: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Record:
        """Replace the text of a memory. The old version stays in its history but is not recalled.
        Returns the new version, or the present one if it says the same already.

        Args:
            said_at, origin, metadata: Of the new text; None keeps those of the old one.

        Raises:
            InvalidInput: no such key, or an empty text.
        """
        return self._writer.replace(self.namespace, key, text, said_at, origin, metadata)

    def undo(self, key: str) -> Record:
        """Take back that a memory has expired, or that newer statements supersede it: both are
        true from now on. Returns the memory; ``supersessions`` lists what can be taken back.

        Raises:
            InvalidInput: no such key, or there is nothing to take back.
        """
        return restore(self, key)

    def delete(self, *keys: str) -> int:
        """Stop remembering, with all versions. Returns how many records went.

        There is no way back; ``remem.contents.expire`` hides a memory and can be undone. An import
        leaves away what was deleted, unless it is told to bring it back. Traces may stay in the
        files until they are overwritten; ``forget`` leaves none.
        """
        return len(self._gone(self._writer.delete(self.namespace, keys)))

    def forget(self, where: Where) -> int:
        """Delete what matches, all versions and all traces in files; returns how many went. An
        import leaves it away, unless it is told to bring it back.

        Raises:
            InvalidInput: the filter matches everything by its form; nothing was forgotten.
        """
        return len(self.wipe(where))

    def wipe(self, where: Where) -> Sequence[Record]:
        """Forget as ``forget`` does; returns the records that went, with all versions."""
        chosen = as_filter(where)
        if chosen is None or matches_everything(chosen):
            raise InvalidInput("say what to forget; F('source').exists() matches everything")
        return self._gone(self._writer.purge(self.namespace, chosen))

    def _gone(self, records: Sequence[Record]) -> Sequence[Record]:
        self._departed.note(self.namespace, records)
        return records

    def export(
        self,
        target: str | Path | IO[str],
        *,
        namespaces: Sequence[str] | None = None,
        damaged: OnDamage = log_damage,
    ) -> int:
        """Write records as JSON Lines to a file or an open text file; returns how many.

        Args:
            namespaces: Which ones; None: this one.
            damaged: Called with each record that is damaged, and so not written.
        """
        chosen = [self.in_namespace(each).namespace for each in namespaces or [self.namespace]]
        return transfer.export(self._store, target, chosen, damaged)

    def backup(self, target: str | Path | IO[str], *, damaged: OnDamage = log_damage) -> int:
        """Write the records of all namespaces as ``export`` does, and digests of what was deleted
        and forgotten, so that it also stays away from where the backup is read; returns how many.
        Whoever has these digests can test a guess at what was forgotten.
        """
        departed = self._departed.known().by_salt
        return transfer.export(self._store, target, self.namespaces(), damaged, departed)

    def import_(self, path: str | Path) -> Added:
        """Read what ``export`` or ``backup`` wrote, also what was deleted since; each record goes
        to the namespace that it came from.

        Raises:
            InvalidInput: a line is not of that form; what stands before it is stored.
            Conflict: a key belongs to another text.
        """
        added = Added.all(
            self.in_namespace(namespace).add_records(records)
            for namespace, records in transfer.read(Path(path))
        )
        self._departed.adopt(transfer.departed_of(Path(path)))
        return added

    def verify(self) -> Verification:
        """Check the records, and every index against them."""
        return self._store.verify()

    def rebuild(self) -> None:
        """Make all indexes again from the records."""
        self._store.rebuild()

    def reindex(self, encoder: Encoder, progress: Callable[[int, int], None] | None = None) -> None:
        """Re-encode the whole store with another encoder, and use it from now on; ``progress`` is
        called with records done and records in all."""
        self._writer.reindex(encoder, progress)

    def close(self) -> None:
        """Release everything; may be called twice."""
        self._store.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answered(self, question: str) -> bool:
        return bool(relevant(self.search(question, explain=True), FLOOR))

    def _linked(self, record: Record) -> Record:
        return self._given.linked(self.namespace, record)

    @property
    def _store(self) -> Store:
        return self._writer.store


def _without_parts(found: Iterable[Recollection]) -> list[Recollection]:
    return [replace(one, parts={}) for one in found]
