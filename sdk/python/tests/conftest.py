"""Homes and servers that the tests use."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import EASEL

from easel_sdk import MINIMUM_VERSION

FAKE = """#!{python}
import json, os, sys
for number, line in enumerate(sys.stdin):
    if number == 0:
        result = {{"userAgent": {user_agent!r}, "codexHome": "/", "tools": []}}
        result.update({{"platformFamily": "unix", "platformOs": "linux"}})
        print(json.dumps({{"id": json.loads(line)["id"], "result": result}}), flush=True)
    else:
        {then}
"""
PROXY = """#!{python}
import json, os, subprocess, sys, threading, time
pipe = subprocess.PIPE
server = subprocess.Popen([{easel!r}, *sys.argv[1:]], stdin=pipe, stdout=pipe)
starts = {{}}
def send(message):
    print(json.dumps(message), flush=True)
def forward():
    for line in sys.stdin.buffer:
        with open(__file__ + ".log", "ab") as log:
            log.write(line)
        request = json.loads(line)
        if request["method"] == "turn/start":
            starts[request["id"]] = request["params"]["threadId"]
        {on_request}
        server.stdin.write(line)
        server.stdin.flush()
    server.stdin.close()
threading.Thread(target=forward, daemon=True).start()
for line in server.stdout:
    thread_id = starts.get(json.loads(line).get("id"))
    if thread_id:
        {on_start}
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
"""
FITS = f"x/0.169.0 (linux; x86_64) easel/{MINIMUM_VERSION}"


@pytest.fixture
def home(tmp_path: Path) -> Callable[[str], Path]:
    """Returns a function that creates a home with a `config.toml`."""

    def create(toml: str = "") -> Path:
        folder = tmp_path / "home"
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text(toml)
        return folder

    return create


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Returns a function that writes an executable."""

    def write(text: str) -> Path:
        path = tmp_path / "easel"
        path.write_text(text)
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def fake(script: Callable[[str], Path]) -> Callable[..., Path]:
    """Returns a function that writes a server, which runs `then` for each line after `initialize`."""

    def write(then: str = "pass", user_agent: str = FITS) -> Path:
        values: dict[str, Any] = {"python": sys.executable, "user_agent": user_agent, "then": then}
        return script(FAKE.format(**values))

    return write


@pytest.fixture
def proxy(script: Callable[[str], Path]) -> Callable[..., Path]:
    """Returns a function that writes a server, which passes everything on to Easel.

    It appends all requests to `easel.log`, and runs `on_request` before each, and `on_start` before the response that
    starts a turn.
    """

    def write(on_request: str = "pass", on_start: str = "pass") -> Path:
        values = {"python": sys.executable, "easel": EASEL, "on_request": on_request, "on_start": on_start}
        return script(PROXY.format(**values))

    return write
