"""Settings of a server: everything that no request may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

from remem.attach.conversation import REPLAY_BUDGET
from remem.recall.relevance import FLOOR


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of what one connection may take from the others.

    Attributes:
        connections: At once, where the process may have as many files open. Who comes when there
            are as many takes the place of the client that has been waited for longest; when none
            is waited for, 503 is the answer.
        head_bytes: Of a request line and its headers, and of what stands behind a body; 431.
        head_fields: Headers of a request; 431.
        url_bytes: Of the path and the query; 414.
        head_seconds: From the first byte of a request to its last header; 408.
        idle_seconds: Between two requests.
        stall_seconds: In which a client has to read on, or to go on with a body.
    """

    connections: int = 1024
    head_bytes: int = 2**16
    head_fields: int = 128
    url_bytes: int = 2**15
    head_seconds: float = 10.0
    idle_seconds: float = 30.0
    stall_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Settings that ``remem serve`` was started with.

    Attributes:
        upstream: URL of an OpenAI-compatible server, with its ``/v1``; None: a model on this
            machine answers.
        upstream_key: What the upstream is shown as bearer key. None: nothing, or, where remem has
            no keys itself, what the client sends.
        generator: The model on this machine; see ``remem.generators.opening.open_generator``.
        host, port: Where to listen; port 0 takes a free one.
        hosts: Names under which a server without keys answers, so that no web page can reach it
            under a name of its own (DNS rebinding).
        namespace: Whose memory it is when a request names none.
        budget: Most tokens of memories in front of a question.
        k: Most memories in front of a question.
        floor: The least relevance of these memories, in [0, 1].
        remembers_tasks: Whether what a front end asks for itself, such as a title, is remembered
            like what a user says; see ``remem.attach.tasks``.
        placement: Where an upstream gets them; see ``remem.attach.conversation``.
        replay_budget: Most tokens of memories that an upstream gets again with their messages.
        max_body_bytes, max_reply_bytes: Longest request and longest plain answer.
        max_messages: Most messages in one request.
        max_k: Most hits that one search may ask for.
        requests_per_minute: Of one key, and as many at once.
        generations: Answers being made at the same time; more are refused with 429.
        local_generations: Of these, how many a model on this machine makes at a time.
        readers, writers: Threads for recalling, and for remembering: apart, so that writes of a
            namespace that wait for one another hold up no question.
        body_seconds: The longest time in which a request has to arrive.
        limits: What one connection may take from the others.
        connect_seconds, upstream_seconds: To reach the upstream, and to wait for it to go on.
        hook_token: Known to the hooks of the user who runs the server; see ``remem.handshake``.
        grace_seconds: For answers that are on their way when the server is told to stop.
    """

    upstream: str | None = None
    upstream_key: str | None = field(default=None, repr=False)
    generator: str = "bundled"
    host: str = "127.0.0.1"
    port: int = 8377
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    namespace: str = "default"
    budget: int = 1000
    k: int = 50
    floor: float = FLOOR
    remembers_tasks: bool = False
    placement: str = "message"
    replay_budget: int = REPLAY_BUDGET
    max_body_bytes: int = 32 * 2**20
    max_reply_bytes: int = 64 * 2**20
    max_messages: int = 2000
    max_k: int = 1000
    requests_per_minute: int = 600
    generations: int = 64
    local_generations: int = 2
    readers: int = 16
    writers: int = 16
    body_seconds: float = 30.0
    limits: Limits = field(default_factory=Limits)
    connect_seconds: float = 10.0
    upstream_seconds: float = 300.0
    hook_token: str | None = field(default=None, repr=False)
    grace_seconds: int = 30
