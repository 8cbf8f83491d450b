"""The connections to one database: transactions that outlive restarts of the server.

Nothing here depends on a session: no prepared statements, settings and locks that end with their
transaction. So a pooler in transaction mode may stand between us and the server.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

from remem.store.base import Owner
from remem.store.errors import InvalidInput, StoreClosed, StoreLocked
from remem.store.postgres.driver import (
    Connection,
    connection_was_lost,
    conninfo,
    errors,
    psycopg,
    psycopg_pool,
    translated,
    try_again,
)

T = TypeVar("T")
Work = Callable[[Connection[Any]], T]
"""Function that does the work of a transaction; called again after one that did not happen."""

_DEFAULTS = {"connect_timeout": 10, "application_name": "remem"}
_POOL_SECONDS = 2.0  # that the pool looks for a server; then it begins anew when it is asked again
_LOCK_SECONDS = 60
_LONGEST_PAUSE = 1.0
_TRIES = 5
_GENERATION_LOCK = 0x72656D656D  # "remem"

# What we ask for by its key is found through an index, whatever the planner makes of statistics
# that are behind after an import. All settings end with their transaction.
BY_KEY = "set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"
"""Columns of a SELECT that make the rest of a transaction use indexes wherever there is one."""

# Other levels of isolation would read what was true before a writer had his turn, and a commit is
# on the disk before it is acknowledged, whatever the role or the database prefers.
_PREPARE = f"""
    SELECT set_config('lock_timeout', '{_LOCK_SECONDS}s', true), {BY_KEY},
        set_config('synchronous_commit', replace(current_setting('synchronous_commit'),
            'off', 'on'), true),
        {{lock}}({_GENERATION_LOCK})"""
_SHARING = _PREPARE.format(lock="pg_advisory_xact_lock_shared")
_ALONE = _PREPARE.format(lock="pg_advisory_xact_lock")

# First the settings and the lock. Then it waits for an attempt that is not decided yet: its process
# may not have noticed that we are gone.
_SIGN = """
    INSERT INTO remem.writers AS w (id, writes) SELECT %s, %s FROM ({prepare} OFFSET 0) AS prepared
    ON CONFLICT (id) DO UPDATE SET writes = excluded.writes, at = excluded.at
        WHERE w.writes < excluded.writes
    RETURNING id"""
_SIGN_SHARING = _SIGN.format(prepare=_SHARING)
_SIGN_ALONE = _SIGN.format(prepare=_ALONE)

_FORGET_WRITERS = """
    DELETE FROM remem.writers WHERE id IN (
        SELECT id FROM remem.writers WHERE at < now() - interval '1 day' FOR UPDATE SKIP LOCKED)"""

_OPTIONS: dict[str, Any] = {"autocommit": True, "prepare_threshold": None}


@dataclass(slots=True)
class _Writer:
    """A writer, who carries out one write at a time.

    The number of his last write stands in the table ``writers``, as part of the same transaction,
    so that he can ask afterwards if it happened. The number of the transaction would not do, as a
    crash may give it to another one.
    """

    id: UUID = field(default_factory=uuid4)
    writes: int = 0


class Database:
    """A pool of connections; usable from any thread.

    Args:
        url: As libpq takes it.
        size: Most connections at a time.
        patience: How long to try again, in seconds, when the server went away.

    Raises:
        InvalidInput: the url makes no sense.
        UpstreamError: no server answers there, or it refuses the user.
    """

    def __init__(self, url: str, size: int, patience: float) -> None:
        facts = _parsed(url)
        self.url = _without_password(facts)
        self._conninfo = conninfo.make_conninfo(
            "", **{**_DEFAULTS, **facts, "client_encoding": "utf8"}
        )
        self._patience = patience
        self._closed = False
        self._owner = Owner(self.url)
        self._resting: list[_Writer] = []
        with self.connection():  # a pool would only say that it waited in vain
            pass
        self._pool = psycopg_pool.ConnectionPool(
            self._conninfo,
            kwargs=_OPTIONS,
            min_size=1,
            max_size=size,
            timeout=min(_POOL_SECONDS, patience),
            reconnect_timeout=_POOL_SECONDS,
            name="remem",
            open=True,
        )

    @property
    def closed(self) -> bool:
        """True if nothing is left to close here: ``close`` was called, or this is a fork of the
        process that has to call it."""
        return self._closed or self._owner.is_elsewhere

    def check_open(self) -> None:
        """Raise ``StoreClosed`` after ``close``, and after a fork."""
        self._owner.check()
        if self._closed:
            raise StoreClosed(f"the store {self.url} is closed; open it again")

    def read(self, work: Work[T]) -> T:
        """Call ``work`` in a transaction that sees one state of the database and changes none."""
        return self.consult(lambda begin: work(begin()))

    def consult(self, work: Callable[[Callable[[], Connection[Any]]], T]) -> T:
        """Like ``read``, for what may turn out to need no transaction: it begins when ``work``
        first calls what it is given, and gets the connection."""

        def attempt() -> T:
            with ExitStack() as stack:
                begun: list[Connection[Any]] = []

                def begin() -> Connection[Any]:
                    if not begun:
                        begun.append(stack.enter_context(self._pooled()))
                        begun[0].execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    return begun[0]

                result = work(begin)
                for connection in begun:
                    connection.execute("COMMIT")
            return result

        return self._persist(attempt)

    def write(self, work: Work[T]) -> T:
        """Call ``work`` in a transaction that is durable when this returns, and happens once.

        Writers run side by side.
        """
        return self._once(_SIGN_SHARING, work)

    def alter(self, work: Work[T]) -> T:
        """Like ``write``, while nobody else writes."""
        return self._once(_SIGN_ALONE, work)

    def define(self, work: Work[T]) -> T:
        """Like ``alter``, for what may happen twice and needs no table: making the tables."""

        def attempt() -> T:
            with self._transaction() as connection:
                connection.execute(_ALONE)
                return work(connection)

        return self._persist(attempt)

    def run(self, statement: str) -> list[str]:
        """Carry out what PostgreSQL refuses to do inside a transaction, such as VACUUM.

        Returns:
            What the server warned of.
        """

        def attempt() -> list[str]:
            warnings: list[str] = []

            def listen(notice: errors.Diagnostic) -> None:
                if notice.severity_nonlocalized == "WARNING":
                    warnings.append(str(notice.message_primary))

            with self._pooled() as connection:
                connection.add_notice_handler(listen)
                try:
                    connection.execute(statement)
                finally:
                    connection.remove_notice_handler(listen)
            return warnings

        return self._persist(attempt)

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        """A connection of one's own, outside the pool and any transaction; errors translated."""
        self.check_open()
        try:
            with psycopg.connect(self._conninfo, **_OPTIONS) as connection:
                yield connection
        except psycopg.Error as error:
            raise translated(error, self.url) from error

    def close(self) -> None:
        """Close the connections; later use raises ``StoreClosed``."""
        self._closed = True
        self._pool.close()

    def _once(self, sign: str, work: Work[T]) -> T:
        with self._writer() as writer:
            writer.writes += 1
            results: list[T] = []

            def attempt() -> T:
                with self._transaction() as connection:
                    signed = connection.execute(sign, [writer.id, writer.writes]).fetchone()
                    if signed:  # else the attempt before took place, and its answer was lost
                        results.append(work(connection))
                        if writer.writes == 1:
                            connection.execute(_FORGET_WRITERS)
                return results[-1]

            return self._persist(attempt)

    @contextmanager
    def _writer(self) -> Iterator[_Writer]:
        try:
            writer = self._resting.pop()
        except IndexError:
            writer = _Writer()
        try:
            yield writer
        finally:
            self._resting.append(writer)

    @contextmanager
    def _transaction(self) -> Iterator[Connection[Any]]:
        with self._pooled() as connection:
            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            yield connection
            connection.execute("COMMIT")

    def _persist(self, attempt: Callable[[], T]) -> T:
        """Try again while the server is away or transactions are in each other's way."""
        deadline = time.monotonic() + self._patience
        pause = 0.01
        tries = 0
        while True:
            self.check_open()
            try:
                return attempt()
            except psycopg.Error as error:
                tries += 1
                lost = connection_was_lost(error)
                patient = time.monotonic() < deadline if lost else tries < _TRIES
                if not (patient and (lost or try_again(error))):
                    raise self._explained(error) from error
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _explained(self, error: psycopg.Error) -> Exception:
        if isinstance(error, psycopg_pool.PoolTimeout):
            with self.connection():  # says why there is none; unless there is one
                return StoreLocked(
                    f"all connections to {self.url} were busy for {self._patience:g} s; allow more "
                    "of them, or try again later"
                )
        return translated(error, self.url)

    @contextmanager
    def _pooled(self) -> Iterator[Connection[Any]]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except psycopg_pool.PoolClosed:
            self._closed = True
            self.check_open()


def _parsed(url: str) -> dict[str, Any]:
    try:
        return dict(conninfo.conninfo_to_dict(url))
    except psycopg.ProgrammingError:  # its message may hold the password
        raise InvalidInput(
            "the URL cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special "
            "characters as %XX"
        ) from None


def _without_password(facts: dict[str, Any]) -> str:
    """The url again, for eyes, logs and errors."""
    rest = {name: value for name, value in facts.items() if "password" not in name}
    user, host, port, name = (rest.pop(part, "") for part in ("user", "host", "port", "dbname"))
    if host.startswith("/"):  # a socket
        rest["host"], host = host, ""
    place = f"{quote(user)}@" * bool(user) + host + f":{port}" * bool(port)
    return f"postgresql://{place}/{quote(name)}" + f"?{urlencode(rest)}" * bool(rest)
