"""The methods of mem0's ``Memory``."""

from __future__ import annotations

import heapq
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import remem
from remem import dates
from remem.aio import threaded
from remem.attach.frameworks.mem0 import items
from remem.attach.frameworks.mem0.items import parsed
from remem.configuration import settings_given
from remem.messages import records_of
from remem.store import F, Filter, InvalidInput, Record
from remem.versions import may_be_later

logger = logging.getLogger("remem")

_EVERYTHING = F("source").exists()
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)
_KEEP: Any = object()
"""The default of an argument whose None means something."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """The memories that are meant: those of a user (None: of anybody), of an agent, of a run."""

    user: str | None
    where: Filter

    @staticmethod
    def of(filters: Mapping[str, Any]) -> _Scope:
        """The scope of filters that name at least one of the three."""
        owner = items.owner(filters)
        rest = {name: value for name, value in filters.items() if name not in items.OWNERS}
        return _Scope(owner.pop("user_id", None), parsed(owner | rest))


class Memory:
    """Memories of users, agents and runs.

    Args:
        memory: The store to use; None: the one that the commands of remem use (``REMEM_STORE``).
    """

    def __init__(self, memory: remem.Memory | None = None) -> None:
        self.memory = memory or settings_given().create()

    @classmethod
    def from_config(cls, config_dict: Mapping[str, Any]) -> Memory:
        """A memory in the folder ``config_dict["remem"]["url"]``. What a configuration says of
        models and databases is not needed.

        Raises:
            InvalidInput: remem has no such setting.
        """
        settings = dict(config_dict.get("remem", {}))
        url = settings.pop("url", None)
        if settings:
            raise InvalidInput(f"remem has no setting {next(iter(settings))!r}; it has 'url'")
        for name in config_dict.keys() - {"remem"}:
            logger.info("remem does not need %r of the configuration", name)
        return cls(remem.Memory(url) if url else None)

    def add(
        self,
        messages: str | Mapping[str, Any] | list[Any],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: Any = None,
        expiration_date: Any = None,
        infer: bool = True,  # noqa: ARG002
        memory_type: str | None = None,
        prompt: str | None = None,  # noqa: ARG002
        llm: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Remember messages, word for word.

        Args:
            messages: A text, a message, or messages with ``role`` and ``content``.
            user_id, agent_id, run_id: Whose they are; at least one.
            metadata: Kept with each of them.
            timestamp: When they were said; None: now.
            expiration_date: The last day on which they are found.

        Returns:
            ``{"results": [{"id", "memory", "event", "actor_id", "role"}]}``

        Raises:
            InvalidInput: it is not said whose they are, a message is of no such form, ...
        """
        if memory_type is not None:
            raise InvalidInput("remem makes no procedural memories: leave memory_type out")
        owner = items.owner({"user_id": user_id, "agent_id": agent_id, "run_id": run_id})
        day = items.day_of(expiration_date)
        memory = self._of(owner.get("user_id"))
        said = records_of(_messages(messages), _source(owner))
        last = memory.last(_source(owner), 1)
        first = last[0].position + 1 if last else 0
        time = items.moment(timestamp, "timestamp") or dates.now()
        records = [
            replace(
                items.lasting(items.changed(record, metadata, owner), day),
                key=uuid.uuid4().hex,
                position=first + record.position,
                said_at=record.said_at or time,
            )
            for record in said
        ]
        memory.add_records(records)
        return {
            "results": [
                {
                    "id": items.identified(memory.namespace, record.key),
                    "memory": record.text,
                    "event": "ADD",
                    "actor_id": record.speaker,
                    "role": record.role,
                }
                for record in records
            ]
        }

    def search(
        self,
        query: str,
        *,
        top_k: int = 20,
        filters: Mapping[str, Any] | None = None,
        threshold: float | None = 0.1,
        rerank: bool = False,  # noqa: ARG002
        explain: bool = False,
        reference_date: Any = None,
        show_expired: bool = False,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """The memories that answer a question best, best first.

        Args:
            top_k: Most memories.
            filters: ``user_id``, ``agent_id``, ``run_id`` (at least one), and of the metadata.
            threshold: The least score, which is remem's relevance, in [0, 1].
            explain: Add ``score_details``.
            reference_date: When the question is asked, which decides what "last week" means.

        Returns:
            ``{"results": [...]}``, each as ``get`` returns it, with its ``score``.

        Raises:
            InvalidInput: it is not said whose memories, an empty question, ...
        """
        if show_expired:
            raise InvalidInput("expired memories are not searched; get_all lists them")
        given = {"user_id": user_id, "agent_id": agent_id, "run_id": run_id}
        scope = _Scope.of(given | dict(filters or {}))
        count = top_k if limit is None else limit
        now = items.moment(reference_date, "reference_date")
        found = [
            (memory, one)
            for memory in self._within(scope)
            if count > 0
            for one in memory.search(query, count, where=scope.where, now=now, explain=explain)
            if one.relevance >= (0.1 if threshold is None else threshold)
        ]
        found.sort(key=lambda each: -each[1].relevance)
        return {
            "results": [
                _shown(memory, one.record)
                | {"score": one.relevance}
                | ({"score_details": dict(one.parts)} if explain else {})
                for memory, one in found[:count]
            ]
        }

    def get_all(
        self,
        *,
        filters: Mapping[str, Any] | None = None,
        top_k: int = 20,
        show_expired: bool = False,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Memories, the newest first; arguments as of ``search``."""
        given = {"user_id": user_id, "agent_id": agent_id, "run_id": run_id}
        scope = _Scope.of(given | dict(filters or {}))
        count = top_k if limit is None else limit
        records = (
            (memory, record)
            for memory in self._within(scope)
            for record in memory.scan(scope.where)
            if record.superseded_by is None and (show_expired or not _is_expired(record))
        )
        newest = heapq.nlargest(count, records, key=lambda each: _age(each[1]))
        shown = [_shown(memory, record) for memory, record in newest]
        return {"results": [{k: v for k, v in each.items() if k != "score"} for each in shown]}

    def get(self, memory_id: str) -> dict[str, Any] | None:
        """A memory, None if there is none with this id."""
        memory, versions = self._versions(memory_id)
        return _shown(memory, versions[-1]) if versions else None

    def update(
        self,
        memory_id: str,
        text: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        expiration_date: Any = _KEEP,
        data: str | None = None,
    ) -> dict[str, Any]:
        """Change a memory. Its history keeps the old text; its id stays.

        Args:
            text: The new one; ``data`` is an old name for it.
            metadata: What to add to its metadata.
            expiration_date: A new last day; None: it does not expire.

        Raises:
            InvalidInput: no such memory, or nothing to change.
        """
        text = data if text is None else text
        if text is None and metadata is None and expiration_date is _KEEP:
            raise InvalidInput("say what to change: give text, metadata or expiration_date")
        memory, versions = self._existing(memory_id)
        record = versions[-1] if text is None else memory.update(versions[-1].key, text)
        changed = items.changed(record, metadata)
        if expiration_date is not _KEEP:
            changed = items.lasting(changed, items.day_of(expiration_date))
        if changed != record:
            memory.put_records([replace(changed, stored_at=None)])
        return {"message": "Memory updated successfully!"}

    def delete(self, memory_id: str) -> dict[str, Any]:
        """Take away a memory with its history.

        Raises:
            InvalidInput: no such memory.
        """
        memory, versions = self._existing(memory_id)
        memory.delete(versions[0].key)
        return {"message": "Memory deleted successfully!"}

    def delete_all(
        self, user_id: str | None = None, agent_id: str | None = None, run_id: str | None = None
    ) -> dict[str, Any]:
        """Forget memories without a trace: all that fulfil what is given.

        Raises:
            InvalidInput: nothing is given.
        """
        scope = _Scope.of({"user_id": user_id, "agent_id": agent_id, "run_id": run_id})
        for memory in self._within(scope):
            memory.forget(_EVERYTHING & scope.where)
        return {"message": "Memories deleted successfully!"}

    def history(self, memory_id: str) -> list[dict[str, Any]]:
        """The versions of a memory, oldest first; empty if there is none."""
        _, versions = self._versions(memory_id)
        return items.changes(versions, memory_id)

    def reset(self) -> None:
        """Forget everything in the store, of every user, without a trace."""
        for namespace in self.memory.namespaces():
            self.memory.in_namespace(namespace).forget(_EVERYTHING)

    def close(self) -> None:
        """Release everything; may be called twice."""
        self.memory.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _of(self, user: str | None) -> remem.Memory:
        return self.memory.in_namespace(items.of_user(user))

    def _within(self, scope: _Scope) -> Iterator[remem.Memory]:
        """The namespaces that can hold something of a scope."""
        if scope.user is not None:
            yield self._of(scope.user)
        else:
            yield from map(self.memory.in_namespace, self.memory.namespaces())

    def _versions(self, memory_id: str) -> tuple[remem.Memory, list[Record]]:
        namespace, key = items.user_and_key(memory_id)
        memory = self.memory.in_namespace(namespace)
        return memory, memory.history(key)

    def _existing(self, memory_id: str) -> tuple[remem.Memory, list[Record]]:
        memory, versions = self._versions(memory_id)
        if not versions:
            raise InvalidInput(f"there is no memory with the id {memory_id!r}")
        return memory, versions


def _messages(given: Any) -> Sequence[Any]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if isinstance(given, Mapping):
        return [given]
    if isinstance(given, (list, tuple)):
        return given
    raise InvalidInput(
        f"messages are a text, a dict or a list of dicts, not {type(given).__name__}"
    )


def _source(owner: Mapping[str, str]) -> str:
    """The session of what an agent and a run said in the namespace of a user."""
    return "/".join(["mem0", *(owner[name] for name in ("agent_id", "run_id") if name in owner)])


def _shown(memory: remem.Memory, record: Record) -> dict[str, Any]:
    """A memory under the key of its first version, so that its id stays when it is updated."""
    first = memory.history(record.key)[0].key if may_be_later(record.key) else record.key
    return items.item(record, items.identified(memory.namespace, first))


def _is_expired(record: Record) -> bool:
    return record.expires_at is not None and record.expires_at <= datetime.now(timezone.utc)


def _age(record: Record) -> tuple[datetime, int]:
    return (record.said_at or _LONG_AGO, record.position)


# The methods of mem0's ``AsyncMemory``: those of ``Memory``, each in a worker thread.


class AsyncMemory:
    """mem0's ``AsyncMemory``: the methods of ``Memory``, awaitable, in worker threads.

    Args:
        memory: As of ``Memory``.
    """

    def __init__(self, memory: remem.Memory | None = None) -> None:
        self.memory = Memory(memory)

    @classmethod
    def from_config(cls, config_dict: Mapping[str, Any]) -> AsyncMemory:
        """See ``Memory.from_config``."""
        return cls(Memory.from_config(config_dict).memory)

    add = threaded(Memory.add)
    search = threaded(Memory.search)
    get_all = threaded(Memory.get_all)
    get = threaded(Memory.get)
    update = threaded(Memory.update)
    delete = threaded(Memory.delete)
    delete_all = threaded(Memory.delete_all)
    history = threaded(Memory.history)
    reset = threaded(Memory.reset)

    def close(self) -> None:
        """See ``Memory.close``."""
        self.memory.close()

    async def __aenter__(self) -> AsyncMemory:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.close()
