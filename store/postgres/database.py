"""The connections to one database: transactions that outlive restarts of the server.

Nothing here depends on a session: no prepared statements, settings and locks that end with their
transaction. So a pooler in transaction mode may stand between us and the server.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from store.errors import InvalidInput, StoreClosed, StoreLocked
from store.postgres.driver import Connection, conninfo, errors, psycopg, psycopg_pool
from store.postgres.failures import connection_was_lost, translated, try_again

__all__ = ["Database", "Work", "go_by_key"]

T = TypeVar("T")
Work = Callable[[Connection[Any]], T]
"""What a transaction does. It may be called again, after a transaction that did not happen."""

_CONNECT_SECONDS = 10
_LOCK_SECONDS = 60
_LONGEST_PAUSE = 1.0
_TRIES = 5
_GENERATION_LOCK = 0x72656D656D  # "remem"

# What we ask for by its key is found through an index, whatever the planner makes of statistics
# that are behind after an import. All settings end with their transaction.
_BY_KEY = "set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"

# Its number tells later whether a transaction happened.
_BEGIN = f"""
    SELECT set_config('lock_timeout', '{_LOCK_SECONDS}s', true), {_BY_KEY},
        {{lock}}({_GENERATION_LOCK}), pg_current_xact_id()::text"""
_BEGIN_SHARING = _BEGIN.format(lock="pg_advisory_xact_lock_shared")
_BEGIN_ALONE = _BEGIN.format(lock="pg_advisory_xact_lock")

_OPTIONS: dict[str, Any] = {"autocommit": True, "prepare_threshold": None}


def go_by_key(connection: Connection[Any]) -> None:
    """Have the rest of a reading transaction use indexes wherever there is one."""
    connection.execute(f"SELECT {_BY_KEY}")


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
            "", **{"connect_timeout": _CONNECT_SECONDS, "application_name": "remem", **facts}
        )
        self._patience = patience
        self._closed = False
        with self.connection():  # a pool would only say that it waited in vain
            pass
        self._pool = psycopg_pool.ConnectionPool(
            self._conninfo,
            kwargs=_OPTIONS,
            min_size=1,
            max_size=size,
            timeout=patience,
            name="remem",
            open=True,
        )

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def check_open(self) -> None:
        """Raise ``StoreClosed`` after ``close``."""
        if self._closed:
            raise StoreClosed(f"the store {self.url} is closed; open it again")

    def read(self, work: Work[T]) -> T:
        """Call ``work`` in a transaction that sees one state of the database and changes none."""

        def attempt() -> T:
            with self._pooled() as connection:
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                result = work(connection)
                connection.execute("COMMIT")
            return result

        return self._persist(attempt)

    def write(self, work: Work[T]) -> T:
        """Call ``work`` in a transaction that is durable when this returns, and happens once.

        Writers run side by side.
        """
        return self._persist(lambda: self._commit(_BEGIN_SHARING, work))

    def alter(self, work: Work[T]) -> T:
        """Like ``write``, while nobody else writes."""
        return self._persist(lambda: self._commit(_BEGIN_ALONE, work))

    def run(self, statement: str) -> None:
        """Carry out what PostgreSQL refuses to do inside a transaction: VACUUM."""

        def attempt() -> None:
            with self._pooled() as connection:
                connection.execute(statement)

        self._persist(attempt)

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

    def _commit(self, begin: str, work: Work[T]) -> T:
        finished: list[tuple[str, T]] = []
        try:
            with self._pooled() as connection:
                connection.execute("BEGIN")
                row = connection.execute(begin).fetchone()
                assert row is not None
                finished.append((row[-1], work(connection)))
                connection.execute("COMMIT")
        except psycopg.Error as error:
            if not (finished and connection_was_lost(error) and self._happened(finished[0][0])):
                raise
        return finished[0][1]

    def _happened(self, transaction: str) -> bool:
        """Whether a transaction was committed whose commit got no answer."""
        return self._persist(lambda: self._outcome(transaction)) == "committed"

    def _outcome(self, transaction: str) -> str:
        try:
            with self._pooled() as connection:
                row = connection.execute(
                    "SELECT pg_xact_status(%s::xid8)", [transaction]
                ).fetchone()
        except errors.InvalidParameterValue:  # a crash took even its number back
            return "aborted"
        status = str(row and row[0])
        if status == "in progress":  # its process has not yet noticed that we are gone
            raise psycopg.OperationalError("the outcome of a transaction is not decided yet")
        return status

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
