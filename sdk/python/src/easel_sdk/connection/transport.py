"""Streams to a server: a process of its own, or a socket that other clients share."""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from easel_sdk.errors import EaselError, EaselExitedError, EaselNotFoundError

STDERR_TAIL = 8 * 1024
"""How many bytes of stderr an error shows."""

PIPES_GRACE = 0.5
"""Seconds that a server whose process has ended may take to close its pipes."""

OUTPUT_GRACE = 5.0
"""Seconds that a server whose output has ended may go on."""


@dataclass(frozen=True)
class Transport:
    """Two streams to a server, which may end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    wait_for_end: Callable[["asyncio.Future[Any]"], Awaitable[EaselError]]
    """Waits until the server has ended. Takes the end of `reader`, and returns the error of requests that wait."""
    close: Callable[[float], Awaitable[None]]
    """Ends the server, at the latest after some seconds, or the connection to a server that others share."""
    pid: int | None
    """The process id of a server that was spawned."""


class _ServerProtocol(asyncio.subprocess.SubprocessStreamProtocol):
    """The streams of a process, and its end. `Process.wait` may also wait for the end of its pipes."""

    def __init__(self) -> None:
        super().__init__(limit=64 * 1024, loop=asyncio.get_running_loop())
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


async def spawn_server(command: Sequence[str], env: Mapping[str, str], cwd: str | None) -> Transport:
    """Spawns a server that only this process uses. It ends with its input, and with this process."""
    loop = asyncio.get_running_loop()
    pipe = asyncio.subprocess.PIPE
    try:
        transport, protocol = await loop.subprocess_exec(
            _ServerProtocol, *command, stdin=pipe, stdout=pipe, stderr=pipe, env=env, cwd=cwd
        )
    except OSError as error:
        raise EaselNotFoundError(f"cannot start {command[0]}: {error}") from error
    process = asyncio.subprocess.Process(transport, protocol, loop)
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise EaselError("the server has no pipes")
    stderr: deque[int] = deque(maxlen=STDERR_TAIL)
    reading_stderr = asyncio.create_task(_keep_tail(process.stderr, stderr))

    async def wait_for_end(reading: "asyncio.Future[Any]") -> EaselError:
        exited = asyncio.ensure_future(protocol.exited.wait())
        await asyncio.wait([exited, reading], return_when=asyncio.FIRST_COMPLETED)
        # A process that can no longer answer is of no use.
        if not await within(OUTPUT_GRACE, exited):
            _kill(process)
        await exited
        # A grandchild that keeps a pipe open must not delay the error.
        await asyncio.wait([reading, reading_stderr], timeout=PIPES_GRACE)
        reading_stderr.cancel()
        transport.close()
        code = transport.get_returncode() or 0
        text = bytes(stderr).decode(errors="replace").strip()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        tail = f"; its last output was:\n{text}" if text else ""
        return EaselExitedError(f"the server ended with {how}{tail}", code, text)

    async def close(grace: float) -> None:
        writer.close()
        if not await within(grace, protocol.exited.wait()):
            _kill(process)
            await protocol.exited.wait()

    writer = process.stdin
    return Transport(process.stdout, writer, wait_for_end, close, process.pid)


async def connect_to_server(path: str) -> Transport:
    """Connects to a server that listens on a Unix socket, and that other clients share."""
    connect = getattr(asyncio, "open_unix_connection", None)
    if connect is None:
        raise EaselError("this Python has no Unix sockets on this system")
    try:
        reader, writer = await connect(path)
    except OSError as error:
        raise EaselExitedError(f"cannot connect to {path}: {error}") from error

    async def wait_for_end(reading: "asyncio.Future[Any]") -> EaselError:
        await asyncio.wait([reading])
        return EaselExitedError(f"the connection to {path} has ended")

    async def close(grace: float) -> None:
        writer.close()
        # A server that does not read what was sent keeps the connection open.
        if not await within(grace, _wait_closed(writer)):
            writer.transport.abort()

    return Transport(reader, writer, wait_for_end, close, None)


async def _keep_tail(reader: asyncio.StreamReader, tail: deque[int]) -> None:
    while data := await reader.read(64 * 1024):
        tail.extend(data[-STDERR_TAIL:])


async def _wait_closed(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def within(seconds: float, awaitable: Awaitable[object]) -> bool:
    """Waits for the end of something that goes on if it takes longer."""
    done, _ = await asyncio.wait([asyncio.ensure_future(awaitable)], timeout=seconds)
    return bool(done)


def _kill(process: asyncio.subprocess.Process) -> None:
    # It may have ended in the meantime.
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def environment(env: Mapping[str, str] | None, home: str | None) -> dict[str, str]:
    """Returns the environment of a server."""
    merged = dict(os.environ if env is None else env)
    if home is not None:
        merged["EASEL_HOME"] = home
    return merged
