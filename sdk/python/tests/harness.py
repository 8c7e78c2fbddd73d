"""What the tests share: homes, a slow provider, examples as processes, and a server on a socket."""

import contextlib
import json
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from easel_sdk import AnyEvent
from easel_sdk.types import ImageGenerationThreadItem, ItemStartedEvent

EASEL = os.environ["EASEL_BINARY"]
"""The executable under test."""

PROMPT = "a red square"
ROOT = Path(__file__).parent.parent

SLOW = """model_provider = "slow"
[model_providers.slow]
preset = "preview"
delay_ms = 600000
bills = true
"""
"""A provider that takes ten minutes, and counts as one that bills."""


def run_example(name: str, folder: Path, *arguments: str) -> list[str]:
    """Runs an example in a folder, whose subfolder `home` is Easel's home, and returns its lines of output."""
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *arguments]
    env = {**os.environ, "EASEL_HOME": str(folder / "home")}
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    if run.returncode != 0:
        raise AssertionError(f"{name} failed: {run.stderr}")
    return run.stdout.splitlines()


@contextlib.contextmanager
def listening(folder: Path) -> Iterator[str]:
    """Runs a server that listens on a socket, and returns the path of the socket."""
    socket = str(folder / "easel.sock")
    command = [EASEL, "app-server", "--enable", "imagegenext", "--listen", f"unix://{socket}"]
    env = {**os.environ, "EASEL_HOME": str(folder / "home")}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            assert any("listening on" in line for line in server.stderr)
            yield socket
        finally:
            server.terminate()


def is_image_start(event: AnyEvent) -> bool:
    """Whether an image call has started."""
    return isinstance(event, ItemStartedEvent) and isinstance(event.params.item, ImageGenerationThreadItem)


def wait_for_image(events: Iterator[AnyEvent]) -> None:
    """Waits for the start of an image call."""
    assert any(is_image_start(event) for event in events)


async def wait_for_image_async(events: AsyncIterator[AnyEvent]) -> None:
    """Waits for the start of an image call."""
    async for event in events:
        if is_image_start(event):
            return
    raise AssertionError("no image call has started")


def until(condition: Callable[[], Any]) -> None:
    """Waits until a condition is met, and fails after a minute."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("timed out after 60 s")


def is_running(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def noise_png(side: int) -> bytes:
    """A square PNG whose pixels cannot be compressed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + os.urandom(side * 3) for _ in range(side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def requests_of(binary: Path, method: str) -> list[dict[str, Any]]:
    """The params of the requests that a proxy has received."""
    log = Path(f"{binary}.log")
    lines = log.read_text().splitlines() if log.exists() else []
    return [request["params"] for request in map(json.loads, lines) if request["method"] == method]
