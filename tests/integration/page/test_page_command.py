"""``remem open``: the page in the user's own browser."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import time
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi")

from tests.remem_process import REMEM, Remem


@pytest.mark.parametrize("taken", [False, True])
def test_open_serves_the_page_and_shows_it(tmp_path: Path, taken: bool) -> None:
    remem = Remem(tmp_path)
    remem.told("add", "The greyhound is called Biscuit.")
    browser, shown = tmp_path / "browser", tmp_path / "shown"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {shown}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1] if taken else 0
        with subprocess.Popen(
            [*REMEM, "open", "--port", str(port), "--generator", "echo", "--json"],
            env={**remem.environment, "BROWSER": f"{browser} %s"},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            page = httpx.get(f"{url}/?q=greyhound", timeout=60).text
            assert "is called Biscuit" in page
            for _ in range(100):
                if shown.exists() and shown.read_text():
                    break
                time.sleep(0.1)
            assert shown.read_text() == url
            assert not url.endswith(f":{port}")
            process.terminate()
            assert process.wait(timeout=60) == 0
