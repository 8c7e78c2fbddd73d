"""The connection in use. The first call opens it, and the next call after it has ended opens another one."""

import asyncio
import inspect
import json
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic

from easel_sdk.aio.approval import decide
from easel_sdk.connection.binary import find_binary
from easel_sdk.connection.connection import Connection, Handlers, ModelT
from easel_sdk.connection.events import AnyEvent, to_event, to_warning
from easel_sdk.connection.protocol import Notification, ServerRequest
from easel_sdk.connection.transport import Transport, connect_to_server, environment, spawn_server
from easel_sdk.connection.version import SDK_VERSION
from easel_sdk.errors import EaselError, ProtocolError
from easel_sdk.generated.protocol import ImageRecord, PermissionsRequestApprovalParams
from easel_sdk.options import EaselOptions
from easel_sdk.results import ImageT


@dataclass(frozen=True)
class Subscriber:
    """Who receives the events of the connection, until it ends."""

    on_event: Callable[[AnyEvent, dict[str, Any]], None]
    """Called with an event, and with its params as they came."""
    on_end: Callable[[EaselError], None]


class Session(Generic[ImageT]):
    """The connection in use, and its subscribers."""

    def __init__(self, options: EaselOptions, make_image: Callable[[ImageRecord], ImageT]) -> None:
        unknown = set(options) - set(EaselOptions.__annotations__)
        if unknown:
            raise TypeError(f"unexpected options: {', '.join(sorted(unknown))}")
        if inspect.iscoroutinefunction(options.get("on_warning")):
            raise TypeError("`on_warning` must not be a coroutine function")
        self.make_image = make_image
        self._options = options
        self._subscribers: list[Subscriber] = []
        self._connection: Connection | None = None
        self._opening: asyncio.Task[Connection] | None = None
        self._is_closed = False

    async def connection(self) -> Connection:
        """Returns the connection, and opens it if there is none."""
        if self._is_closed:
            raise EaselError("this Easel is closed")
        if self._connection is not None:
            return self._connection
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            # If all callers are cancelled, nobody asks why the start has failed.
            self._opening.add_done_callback(lambda done: done.cancelled() or done.exception())
        opening = self._opening
        # A caller that is cancelled does not end a start for which others wait.
        await asyncio.wait([opening])
        if opening.cancelled():
            raise EaselError("this Easel was closed while it started")
        return opening.result()

    async def request(self, method: str, params: dict[str, Any], response: type[ModelT]) -> ModelT:
        """Sends a request. It is sent once: if the server ends before it answers, only the caller knows what to do."""
        return await (await self.connection()).request(method, params, response)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Adds a subscriber, and returns a function that removes it."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    async def close(self) -> None:
        """Ends the connection for good, also one that is not open yet."""
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        if self._connection is not None:
            await self._connection.close(self._options.get("close_timeout", 10))

    async def _open(self) -> Connection:
        try:
            self._connection = await self._connect()
            return self._connection
        finally:
            self._opening = None

    async def _connect(self) -> Connection:
        ended: list[EaselError] = []

        def on_end(error: EaselError) -> None:
            ended.append(error)
            self._connection = None
            subscribers, self._subscribers = self._subscribers, []
            for subscriber in subscribers:
                subscriber.on_end(error)

        transport = await self._transport()
        capabilities = {"imageResult": "none", "requestPermissionsApproval": "approve" in self._options}
        client = {
            "name": self._options.get("client_name", "easel-sdk-python"),
            "version": self._options.get("client_version", SDK_VERSION),
        }
        connection = await Connection.open(
            transport,
            Handlers(self._on_event, self._on_request, on_end),
            {"clientInfo": client, "capabilities": capabilities},
            self._options.get("start_timeout", 30),
        )
        if ended:
            raise ended[0]
        return connection

    async def _transport(self) -> Transport:
        options = self._options
        if "socket" in options:
            return await connect_to_server(os.fspath(options["socket"]))
        env = environment(options.get("env"), os.fspath(options["home"]) if "home" in options else None)
        command = [find_binary(options.get("binary"), env), "app-server", "--enable", "imagegenext"]
        for key, value in options.get("config", {}).items():
            command += ["-c", f"{key}={to_toml(value)}"]
        return await spawn_server(command, env, os.fspath(options["cwd"]) if "cwd" in options else None)

    def _on_event(self, notification: Notification) -> None:
        self._warn(notification)
        if self._subscribers:
            event = to_event(notification)
            for subscriber in list(self._subscribers):
                # What a subscriber does not understand ends it, and not the server with what it makes.
                try:
                    subscriber.on_event(event, notification.message["params"])
                except Exception as error:
                    what = f"the event {notification.method} is not that of this version: {error!r}"
                    subscriber.on_end(ProtocolError(what))

    def _warn(self, notification: Notification) -> None:
        """Passes on a warning. Most come before anyone reads events, and those about the configuration have no thread.

        A function that fails, as `warnings.warn` does if warnings are errors, does not end the server.
        """
        warning = to_warning(notification)
        if warning is None:
            return
        try:
            if "on_warning" in self._options:
                self._options["on_warning"](warning)
            else:
                warnings.warn(warning, stacklevel=1)
        except Exception as error:
            context = {"message": f"a warning of Easel was not handled: {warning}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _on_request(self, request: ServerRequest) -> Any:
        if request.method != "item/permissions/requestApproval" or "approve" not in self._options:
            raise EaselError(f"this client does not answer {request.method}")
        params = PermissionsRequestApprovalParams.model_validate(request.params)
        return await decide(self._options["approve"], params)


def to_toml(value: str | int | float | bool) -> str:
    """Returns a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A basic string of TOML has the escapes of JSON, but none of halves of a character, and one more.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
