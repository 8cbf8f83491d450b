"""Settings of every command: store, namespace, models, output."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remem import preferences
from remem.folders import default_store, departed_file, unanswered_file
from remem.store import open_store
from remem.store.errors import InvalidInput
from remem.store.open import folder_of, store_exists

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from remem.departed import Departed
    from remem.encoders.sentence_transformer import Encoder
    from remem.memory import Memory
    from remem.recall.retriever import Retriever
    from remem.unanswered import Unanswered

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that every command takes, before or after its name.

    Attributes:
        encoder: The one that was named for this command; None: the store's own.
        usual_encoder: That of a new store, as the environment and ``remem config`` say.
    """

    store: str | None = None
    namespace: str | None = None
    encoder: str | None = None
    usual_encoder: str | None = None
    reranker: str | None = None
    secrets: str | None = None
    generator: str | None = None
    as_json: bool = False

    @property
    def url(self) -> str:
        """The address of the memories: as given, else in the user's data folder.

        Raises:
            InvalidInput: they would be gone when the command ends.
        """
        if self.store == ":memory:":
            raise InvalidInput(
                "a store in memory is gone when the command ends; name a folder with --store"
            )
        return self.store or default_store()

    def kept_encoder(self) -> str:
        """A sentence for those who set another encoder than the store goes on with; else ""."""
        own = self.own_encoder() if self.usual_encoder else ""
        if not own or own == self.usual_encoder:
            return ""
        return (
            f"the store at {self.url} goes on with its own encoder, {own}; "
            f"'remem reindex {shlex.quote(str(self.usual_encoder))}' encodes it anew"
        )

    @property
    def unanswered(self) -> Unanswered:
        """The file of questions to this store that had no answer, if they are kept."""
        from remem.unanswered import Unanswered

        return Unanswered(unanswered_file(), self.url)

    def create(self) -> Memory:
        """The memory; its store is made if there is none."""
        from remem.encoders.opening import open_encoder

        name = self.encoder or self._encoder_of_new
        return self._memory(open_encoder(name) if name else None)

    @property
    def _encoder_of_new(self) -> str | None:
        """The usual encoder, unless the store goes on with the one that it was made with."""
        return self.usual_encoder if self.usual_encoder and not self.own_encoder() else None

    def own_encoder(self) -> str:
        """The name of the encoder that the store was made with; "" if there is no store yet, or its
        encoder has no name."""
        from remem.encoders.opening import encoder_name

        if not store_exists(self.url):
            return ""
        with open_store(self.url) as store:
            return encoder_name(store.space) if store.space else ""

    def recall(self) -> Memory:
        """The memory of a namespace that holds something.

        Raises:
            InvalidInput: there is no store, or nothing in the namespace.
        """
        require_store(self.url)
        return known_namespace(self.create())

    def look(self) -> Memory:
        """The memory of a store that exists, whoever encoded it, for what encodes nothing.

        Raises:
            InvalidInput: there is no store.
        """
        require_store(self.url)
        with open_store(self.url) as store:
            space = store.space
        return self._memory(_StoredEncoder(space.fingerprint, space.dim) if space else None)

    def _memory(self, encoder: Encoder | None) -> Memory:
        from remem.memory import Memory

        namespace = self.namespace or DEFAULT_NAMESPACE
        return Memory(
            self.url,
            namespace,
            encoder=encoder,
            retriever=_retriever(self.reranker),
            secrets=self.secrets or "allow",
            unanswered=self.unanswered,
            departed=departed_at(self.url),
        )


def departed_at(url: str) -> Departed:
    """The notes of what went from a store: in its folder, or in ours if it is on a server."""
    from remem.departed import Departed, departed_from

    if folder_of(url):
        return departed_from(url)
    return Departed(departed_file(url if "://" in url else str(Path(url).expanduser().absolute())))


def require_store(url: str) -> None:
    """Refuse a folder that is no store, before one is made of it.

    Raises:
        InvalidInput: it is none.
    """
    if not store_exists(url):
        raise InvalidInput(
            f"there is no store at {url} yet; fill one with 'remem import FILE', "
            "or name another with --store"
        )


def known_namespace(memory: Memory) -> Memory:
    """The memory itself, if its namespace holds something; it is closed otherwise.

    Raises:
        InvalidInput: nothing is in the namespace; the message names those that exist.
    """
    known = memory.namespaces()
    if memory.namespace in known:
        return memory
    memory.close()
    if not known:
        raise InvalidInput(f"the store at {memory.url} is empty; fill it with 'remem import FILE'")
    raise InvalidInput(
        f"there is nothing in the namespace {memory.namespace!r}; "
        f"choose one with --namespace: {', '.join(known)}"
    )


def settings_given() -> Settings:
    """The settings of the environment, and of the user's file where that says nothing.

    Raises:
        InvalidInput: the file is not understood.
    """
    given: dict[str, Any] = {name: each.value for name, each in preferences.given().items()}
    return Settings(usual_encoder=given.pop("encoder", None), **given)


def open_memory(namespace: str | None = None, *, store: str | None = None) -> Memory:
    """The memory that the command line uses: of the environment and ``remem config``.

    Args:
        namespace, store: In place of those that are set.

    Raises:
        InvalidInput: the file of settings is not understood; besides what ``Memory`` raises.
    """
    given = settings_given()
    return replace(
        given, namespace=namespace or given.namespace, store=store or given.store
    ).create()


def _retriever(reranker: str | None) -> Retriever:
    from remem.recall.rerank import CrossEncoderReranker
    from remem.recall.retriever import Retriever

    return Retriever(reranker=CrossEncoderReranker(reranker) if reranker else None)


@dataclass(frozen=True, slots=True)
class _StoredEncoder:
    """Answers for the encoder of a store where it is not needed, only known."""

    fingerprint: str
    dim: int

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Never asked."""
        raise NotImplementedError

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Never asked."""
        raise NotImplementedError
