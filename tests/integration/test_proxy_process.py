"""``remem serve`` and ``remem keys`` as processes: what lasts, and what a signal leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")
openai = pytest.importorskip("openai")

from tests.openai_upstream import Upstream, upstream
from tests.remem_process import SECRET, Remem

BISCUIT = "The greyhound of Anna is called Biscuit."
WHOSE = "What is the greyhound of Anna called?"


@pytest.fixture
def remem(tmp_path: Path) -> Remem:
    return Remem(tmp_path)


@pytest.fixture
def stub() -> Iterator[Upstream]:
    with upstream() as stub:
        yield stub


def chat(url: str, question: str, key: str = "none") -> str:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        asked = [{"role": "user", "content": question}]
        reply = client.chat.completions.create(model="stub", messages=asked)
    return str(reply.choices[0].message.content)


def post(url: str, **body: Any) -> httpx.Response:
    messages = [{"role": "user", "content": BISCUIT}]
    return httpx.post(f"{url}/v1/chat/completions", json={"messages": messages, **body}, timeout=60)


def wait_until_closed(url: str) -> None:
    """Until the server takes no new connections."""
    with suppress(httpx.TransportError):
        while httpx.get(f"{url}/health"):
            pass


def test_a_server_that_was_restarted_remembers(remem: Remem, stub: Upstream) -> None:
    with remem.serving("--upstream", stub.url) as (_, url):
        chat(url, BISCUIT)
    with remem.serving("--upstream", stub.url) as (_, url):
        assert BISCUIT in chat(url, WHOSE)


def test_a_local_model_needs_no_upstream(remem: Remem) -> None:
    with remem.serving("--generator", "echo") as (_, url):
        chat(url, BISCUIT)
        assert BISCUIT in chat(url, WHOSE)


def test_after_sigterm_answers_on_their_way_are_finished_and_stored(
    remem: Remem, stub: Upstream
) -> None:
    stub.goes_on.clear()
    with remem.serving("--upstream", stub.url) as (process, url), ThreadPoolExecutor() as pool:
        streaming = pool.submit(post, url, stream=True)
        assert stub.half_way.wait(timeout=60)
        process.terminate()
        wait_until_closed(url)
        stub.goes_on.set()
        assert streaming.result().content.endswith(b"data: [DONE]\n\n")
        assert process.wait(timeout=60) == 0
    assert remem.remembered() == [BISCUIT, BISCUIT]


def test_a_server_that_was_killed_stored_each_answer_whose_end_was_seen(
    remem: Remem, stub: Upstream
) -> None:
    with remem.serving("--upstream", stub.url) as (process, url):
        assert post(url).status_code == 200
        process.kill()
    assert remem.remembered() == [BISCUIT, BISCUIT]


def test_an_exchange_that_was_cut_off_is_stored_once_when_it_is_asked_again(
    remem: Remem, stub: Upstream
) -> None:
    stub.goes_on.clear()
    with remem.serving("--upstream", stub.url) as (process, url), ThreadPoolExecutor() as pool:
        asking = pool.submit(post, url, stream=True)
        assert stub.half_way.wait(timeout=60)
        process.kill()
        assert isinstance(asking.exception(), httpx.TransportError)
    stub.goes_on.set()
    assert remem.remembered() == []
    with remem.serving("--upstream", stub.url) as (_, url):
        post(url, stream=True)
        post(url)
    assert remem.remembered() == [BISCUIT, BISCUIT]


def test_keys_are_made_listed_rotated_and_revoked_beside_a_running_server(
    remem: Remem, stub: Upstream
) -> None:
    made = remem.told("keys", "create", "--in", "bot/*", "--name", "phone")
    with remem.serving("--upstream", stub.url) as (_, url):

        def status(key: str) -> int:
            headers = {"Authorization": f"Bearer {key}"}
            return httpx.get(f"{url}/v1/models", headers=headers).status_code

        assert (status("none"), status(made["key"])) == (401, 200)
        rotated = remem.told("keys", "rotate", made["id"])
        assert (status(made["key"]), status(rotated["key"])) == (401, 200)
        remem.told("keys", "revoke", made["id"])
        assert status(rotated["key"]) == 401
    [listed] = remem.told("keys", "list")
    assert (listed["id"], listed["name"], listed["namespaces"]) == (made["id"], "phone", ["bot/*"])
    assert listed["revoked_at"]


def test_keys_of_a_store_on_a_server_want_a_file_of_their_own(remem: Remem, tmp_path: Path) -> None:
    url = "postgresql://ana:secret@db/memories"
    refused = remem.run("keys", "create", "--in", "a", "--store", url)
    assert refused.returncode == 1
    assert "--keys FILE" in refused.stderr
    assert not list(tmp_path.rglob("*secret*"))
    named = ("--keys", str(tmp_path / "keys"), "--store", url)
    made = remem.told("keys", "create", "--in", "a", *named)
    assert [key["id"] for key in remem.told("keys", "list", *named)] == [made["id"]]


def test_a_key_is_shown_once(remem: Remem) -> None:
    shown = remem.run("keys", "create", "--in", "a").stdout
    assert "cannot be shown again" in shown
    secret = shown.split()[0]
    assert secret.startswith("remem_")
    assert secret not in remem.run("keys", "list").stdout


def test_keys_in_the_folder_of_a_store_leave_the_store_as_it_is(remem: Remem) -> None:
    remem.told("keys", "create", "--in", "a")
    remem.told("add", BISCUIT)
    assert remem.remembered() == [BISCUIT]
    assert remem.run("verify").returncode == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_without_keys_it_listens_on_this_machine_only(remem: Remem, host: str) -> None:
    done = remem.run("serve", "--host", host, "--port", "0", "--generator", "echo")
    assert done.returncode == 1
    assert "make a key with 'remem keys create' first" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_keys_that_were_all_revoked_open_no_other_address(remem: Remem) -> None:
    made = remem.told("keys", "create", "--in", "a")
    remem.told("keys", "revoke", made["id"])
    done = remem.run("serve", "--host", "0.0.0.0", "--port", "0", "--generator", "echo")
    assert (done.returncode, "make a key" in done.stderr) == (1, True)


def test_a_port_that_is_taken_is_one_sentence(remem: Remem, stub: Upstream) -> None:
    port = str(httpx.URL(stub.url).port)
    done = remem.run("serve", "--port", port, "--generator", "echo")
    assert done.returncode == 1
    assert "choose others with --host and --port" in done.stderr


def test_an_upstream_that_is_no_url_is_one_sentence(remem: Remem) -> None:
    done = remem.run("serve", "--port", "0", "--upstream", "file:///etc/passwd")
    assert (done.returncode, "the upstream is no URL" in done.stderr) == (1, True)


def test_the_log_names_requests_and_holds_no_secret(remem: Remem, stub: Upstream) -> None:
    made = remem.told("keys", "create", "--in", "a")
    stub.refuses = (500, {"error": {"message": "broken"}})
    with remem.serving("--upstream", stub.url) as (_, url):
        for key in (made["key"], "remem_wrong_secret-of-somebody"):
            httpx.post(
                f"{url}/v1/chat/completions?token={key}",
                headers={"Authorization": f"Bearer {key}", "X-Request-Id": "trace-7"},
                json={"messages": [{"role": "user", "content": BISCUIT}]},
            )
    log = remem.log.read_text()
    assert "trace-7 POST /v1/chat/completions 500 " in log
    assert f"key={made['id']}" in log
    for secret in (made["key"].split("_", 2)[2], "secret-of-somebody", SECRET, "Biscuit", "token="):
        assert secret not in log


@pytest.mark.model
@pytest.mark.slow
def test_the_bundled_model_uses_what_was_said_before_a_restart(remem: Remem) -> None:
    remem.environment.pop("REMEM_ENCODER")
    with remem.serving() as (_, url):
        chat(url, BISCUIT)
    with remem.serving() as (_, url):
        assert "Biscuit" in chat(url, WHOSE)
