"""JSON-RPC without IO: bytes in, messages out."""

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from easel_sdk.errors import OverloadedError, ProtocolError, RequestError, request_error

MAX_LINE = 64 * 1024 * 1024
"""The longest line that is read, in bytes. A response with a chunk of an image is a long line."""

MAX_PENDING = 1024
"""Requests that wait for a response. The server refuses more than a few hundred too."""


@dataclass(frozen=True)
class Success:
    """The result of a request."""

    request_id: int
    result: Any


@dataclass(frozen=True)
class Failure:
    """Why a request failed."""

    request_id: int
    error: RequestError


@dataclass(frozen=True)
class Notification:
    """A notification of the server."""

    method: str
    message: dict[str, Any]
    """The notification as it arrived. Its `params` are always an object."""


@dataclass(frozen=True)
class ServerRequest:
    """A request of the server, which waits for a response."""

    request_id: int | str
    method: str
    params: Any


Incoming: TypeAlias = Success | Failure | Notification | ServerRequest


class Protocol:
    """The state of one connection: the requests that wait, and the line that is not complete."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._last_id = 0
        self._methods: dict[int, str] = {}
        self._line = bytearray()

    def request(self, method: str, params: Any) -> tuple[int, bytes]:
        """Returns the id and the line of a new request."""
        if len(self._methods) >= MAX_PENDING:
            raise OverloadedError(f"{MAX_PENDING} requests already wait for a response", method, -32001)
        request_id = self._last_id + 1
        line = _encode({"id": request_id, "method": method, "params": params})
        self._last_id = request_id
        self._methods[request_id] = method
        return request_id, line

    def respond(self, request_id: int | str, result: Any) -> bytes:
        """Returns the line that answers a request of the server."""
        return _encode({"id": request_id, "result": result})

    def refuse(self, request_id: int | str, message: str) -> bytes:
        """Returns the line that answers a request of the server with an error."""
        return _encode({"id": request_id, "error": {"code": -32603, "message": message}})

    def receive(self, data: bytes) -> list[Incoming]:
        """Takes the next bytes, and returns the messages that they complete."""
        *complete, rest = data.split(b"\n")
        lines: list[bytes] = []
        for part in complete:
            self._append(part)
            lines.append(bytes(self._line))
            self._line.clear()
        self._append(rest)
        messages = [self._parse(line) for line in lines if line.strip()]
        return [message for message in messages if message is not None]

    def _append(self, part: bytes) -> None:
        if len(self._line) + len(part) > self._max_line:
            raise ProtocolError(f"the server wrote a line of more than {self._max_line} bytes")
        self._line += part

    def _parse(self, line: bytes) -> Incoming | None:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            shown = line[:200].decode(errors="replace")
            raise ProtocolError(f"the server wrote a line that is not a JSON object: {shown}")
        method, request_id = message.get("method"), message.get("id")
        if isinstance(method, str):
            if request_id is None:
                if not isinstance(message.get("params"), dict):
                    message["params"] = {}
                return Notification(method, message)
            return ServerRequest(request_id, method, message.get("params"))
        requested = self._methods.pop(request_id, None) if isinstance(request_id, int) else None
        if requested is None or not isinstance(request_id, int):
            return None
        if "error" not in message:
            return Success(request_id, message.get("result"))
        error = message["error"]
        return Failure(request_id, request_error(requested, error["code"], error["message"], error.get("data")))


def _encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
