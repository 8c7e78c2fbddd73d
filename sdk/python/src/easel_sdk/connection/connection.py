"""One connection to a server, from `initialize` to its end. It is not opened again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from easel_sdk.connection.protocol import Incoming, Notification, Protocol, ServerRequest, Success
from easel_sdk.connection.transport import Transport
from easel_sdk.connection.version import check_version, version_of
from easel_sdk.errors import EaselError, EaselExitedError, OverloadedError, ProtocolError
from easel_sdk.generated.protocol import InitializeResponse
from easel_sdk.results import ServerInfo

MAX_UNREAD = 64 * 1024 * 1024
"""Bytes of requests that wait until the server reads them."""

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True)
class Handlers:
    """What a connection passes on. `on_event` and `on_end` must not raise."""

    on_event: Callable[[Notification], None]
    on_request: Callable[[ServerRequest], Awaitable[Any]]
    """Returns the result of a request of the server. An exception is an error response."""
    on_end: Callable[[EaselError], None]
    """Called once, after all requests that wait have failed."""


@dataclass(frozen=True)
class _Pending:
    method: str
    future: "asyncio.Future[Any]"
    on_result: Callable[[Any], None]


class Connection:
    """One connection to a server."""

    info: ServerInfo

    def __init__(self, transport: Transport, handlers: Handlers) -> None:
        self._transport = transport
        self._handlers = handlers
        self._protocol = Protocol()
        self._pending: dict[int, _Pending] = {}
        self._end: EaselError | None = None
        self._responding: dict[int | str, asyncio.Task[None]] = {}
        self._watching = asyncio.create_task(self._watch())

    @classmethod
    async def open(
        cls, transport: Transport, handlers: Handlers, params: dict[str, Any], timeout: float
    ) -> "Connection":
        """Opens a connection and checks the version of the server. If that fails, the server is ended."""
        connection = cls(transport, handlers)
        try:
            request = connection.request("initialize", params, InitializeResponse)
            server = await asyncio.wait_for(request, timeout)
            version = version_of(server.user_agent)
            check_version(version)
        except BaseException as error:
            await connection.close(0)
            if isinstance(error, asyncio.TimeoutError):
                raise ProtocolError(f"the server did not answer `initialize` within {timeout:g} s") from None
            raise
        connection.info = ServerInfo(version, server.codex_home, tuple(server.tools), transport.pid)
        return connection

    async def request(
        self,
        method: str,
        params: dict[str, Any],
        response: type[ModelT],
        on_result: Callable[[ModelT], None] = lambda _: None,
    ) -> ModelT:
        """Sends a request, and returns its result.

        `on_result` is called before any later message is handled, so that it can subscribe to the events that follow
        the response.
        """
        if self._end is not None:
            raise _for_request(self._end, method)
        if self._transport.writer.transport.get_write_buffer_size() > MAX_UNREAD:
            raise OverloadedError("the server does not read the requests that were sent before", method, -32001)
        request_id, line = self._protocol.request(method, params)
        future: asyncio.Future[ModelT] = asyncio.get_running_loop().create_future()
        # A request whose caller was cancelled may fail later, and nobody asks why.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())

        def finish(result: Any) -> None:
            try:
                value = response.model_validate(result)
            except ValidationError as error:
                raise ProtocolError(f"{method}: the result is not that of this version: {error}") from error
            on_result(value)
            if not future.done():
                future.set_result(value)

        self._pending[request_id] = _Pending(method, future, finish)
        await self._write(line)
        return await future

    async def close(self, grace: float) -> None:
        """Ends the connection, and the server if it was spawned."""
        await self._transport.close(grace)
        await asyncio.wait([self._watching])

    async def _write(self, line: bytes) -> None:
        try:
            self._transport.writer.write(line)
            await self._transport.writer.drain()
        except OSError:
            # The reader notices the end too, and says why.
            pass

    async def _watch(self) -> None:
        reading = asyncio.create_task(self._read())
        error = await self._transport.wait_for_end(reading)
        if reading.done():
            error = reading.result() or error
        else:
            reading.cancel()
        self._finish(error)

    async def _read(self) -> EaselError | None:
        """Reads until the end, or until the server writes what is not the protocol. Ends it and returns why."""
        try:
            while data := await self._transport.reader.read(256 * 1024):
                for message in self._protocol.receive(data):
                    self._dispatch(message)
            return None
        except OSError:
            # A socket that was reset has ended.
            return None
        except EaselError as broken:
            error = broken
        except Exception as broken:
            # Without its reader, no request would ever end.
            error = ProtocolError(f"cannot read a message: {broken!r}")
        await self._transport.close(0)
        return error

    def _dispatch(self, message: Incoming) -> None:
        if isinstance(message, Notification):
            if message.method == "serverRequest/resolved":
                self._stop_responding(message.message["params"].get("requestId"))
            self._handlers.on_event(message)
        elif isinstance(message, ServerRequest):
            task = asyncio.create_task(self._respond(message))
            self._responding[message.request_id] = task
            task.add_done_callback(lambda _: self._responding.pop(message.request_id, None))
        else:
            pending = self._pending.pop(message.request_id)
            try:
                if isinstance(message, Success):
                    pending.on_result(message.result)
                else:
                    raise message.error
            except Exception as error:
                if not isinstance(error, EaselError):
                    error = ProtocolError(f"{pending.method}: the result is not that of this version: {error!r}")
                if not pending.future.done():
                    pending.future.set_exception(error)

    def _stop_responding(self, request_id: Any) -> None:
        """Ends the work on a request for whose response the server no longer waits."""
        task = self._responding.get(request_id) if isinstance(request_id, int | str) else None
        if task is not None:
            task.cancel()

    async def _respond(self, request: ServerRequest) -> None:
        try:
            line = self._protocol.respond(request.request_id, await self._handlers.on_request(request))
        except Exception as error:
            line = self._protocol.refuse(request.request_id, str(error) or type(error).__name__)
        if self._end is None:
            await self._write(line)

    def _finish(self, error: EaselError) -> None:
        self._end = error
        for task in self._responding.values():
            task.cancel()
        for pending in self._pending.values():
            if not pending.future.done():
                pending.future.set_exception(_for_request(error, pending.method))
        self._pending.clear()
        self._transport.writer.close()
        # A request may wait until its line is written, for ever if a grandchild keeps the pipe open.
        if self._transport.writer.transport.get_write_buffer_size() > 0:
            self._transport.writer.transport.abort()
        self._handlers.on_end(error)


def _for_request(error: EaselError, method: str) -> EaselError:
    """Each request that fails gets an error of its own, with its own traceback."""
    message = f"{method}: {error}"
    if isinstance(error, EaselExitedError):
        return EaselExitedError(message, error.exit_code, error.stderr)
    return type(error)(message)
