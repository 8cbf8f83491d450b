"""Jobs: work that outlasts a request, in a thread, while the page asks how far it is."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Response

from remem.serve.errors import ApiError
from remem.serve.page.visits import HtmlRoute, Reading, Visit
from remem.serve.sessions import PREFIX
from remem.store import RememError

_log = logging.getLogger("remem")

_MOST = 100
_UNEXPECTED = "it failed unexpectedly; the log of the server says why"


class Stopped(Exception):
    """The server is told to stop, and a job with it."""


@dataclass(slots=True)
class Job:
    """A piece of work.

    Attributes:
        name: By which its page finds it.
        owner: Id of the key with which it was begun; None without keys.
        template: The part of a page that shows its result, which it is given as ``result``.
        done, total: How far it is, in whatever it counts; a total of 0: nobody knows.
        result: Once it is done.
        problem: Why it failed, in one sentence.
        finished: Whether it is over, either way.
    """

    owner: str | None
    template: str
    name: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    done: int = 0
    total: int = 0
    result: Any = None
    problem: str = ""
    finished: bool = False
    stopped: threading.Event = field(default_factory=threading.Event, repr=False)
    _began: float = field(default_factory=time.monotonic, repr=False)

    @property
    def seconds(self) -> float:
        """For how long it has run."""
        return time.monotonic() - self._began

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def at(self, done: int, total: int = 0) -> None:
        """Say how far it is.

        Raises:
            Stopped: it should end.
        """
        self.done, self.total = done, total or self.total
        if self.stopped.is_set():
            raise Stopped


class Jobs:
    """The jobs of one server, two at a time; the last hundred are remembered."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="remem-job")
        self._known: OrderedDict[str, Job] = OrderedDict()

    def begin(self, job: Job, work: Callable[[Job], Any]) -> Job:
        """Start a job: its result is what the work returns."""
        self._known[job.name] = job
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        self._threads.submit(_run, job, work)
        return job

    def find(self, name: str, owner: str | None) -> Job | None:
        """The job of that name, if it is the owner's."""
        job = self._known.get(name)
        return job if job is not None and job.owner == owner else None

    def close(self) -> None:
        """End all jobs, each at the next point where it says how far it is."""
        for job in self._known.values():
            job.stopped.set()
        self._threads.shutdown(cancel_futures=True)


def _run(job: Job, work: Callable[[Job], Any]) -> None:
    try:
        job.result = work(job)
    except Stopped:
        job.problem = "the server was stopped"
    except RememError as error:
        job.problem = str(error)
    except Exception:
        _log.exception("a job failed unexpectedly")
        job.problem = _UNEXPECTED
    finally:
        job.finished = True


router = APIRouter(route_class=HtmlRoute, include_in_schema=False)


@router.get(f"{PREFIX}/job")
async def job(visit: Reading, name: str) -> Response:
    """The state of a job, as a part of a page: how far it is, its result, or why it failed."""
    found = _jobs(visit).find(name, owner_of(visit))
    if found is None:
        raise ApiError(404, "no_job", "this is over, and its result is held no longer")
    return _shown(visit, found)


def begun(visit: Visit, template: str, work: Callable[[Job], Any]) -> Response:
    """Begin a job for whoever sent a request; returns the part of a page that follows it.

    Args:
        template: See ``Job``.
    """
    return _shown(visit, _jobs(visit).begin(Job(owner_of(visit), template), work))


def owner_of(visit: Visit) -> str | None:
    """Id of the key that a request shows; None without keys."""
    return visit.caller.key.id if visit.caller.key else None


def _shown(visit: Visit, job: Job) -> Response:
    template = job.template if job.finished and not job.problem else "_job.html"
    return visit.page(template, job=job, result=job.result)


def _jobs(visit: Visit) -> Jobs:
    jobs: Jobs = visit.request.app.state.jobs
    return jobs
