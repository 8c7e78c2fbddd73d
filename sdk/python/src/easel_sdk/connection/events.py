"""Events as types, and a queue of them with a limit."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, get_args

from pydantic import ValidationError

from easel_sdk.connection.protocol import Notification
from easel_sdk.errors import EaselWarning, EventOverflowError
from easel_sdk.generated import protocol
from easel_sdk.generated.model import Model

T = TypeVar("T")


@dataclass(frozen=True)
class UnknownEvent:
    """An event that this version of the package has no type for. Later versions of Easel add some."""

    method: str
    params: dict[str, Any]


AnyEvent: TypeAlias = protocol.Event | UnknownEvent


def _event_types() -> dict[str, type[Model]]:
    variants: tuple[type[Model], ...] = get_args(get_args(protocol.Event.__value__)[0])
    return {get_args(variant.model_fields["method"].annotation)[0]: variant for variant in variants}


_EVENT_TYPES = _event_types()


def to_event(notification: Notification) -> AnyEvent:
    """Returns a notification as its type."""
    variant = _EVENT_TYPES.get(notification.method)
    if variant is not None:
        try:
            event: AnyEvent = variant.model_validate(notification.message)  # type: ignore[assignment]
            return event
        except ValidationError:
            # A value of a later version, such as a new type of item.
            pass
    return UnknownEvent(notification.method, notification.message["params"])


def to_warning(notification: Notification) -> EaselWarning | None:
    """Returns the warning in a notification. `None` if it is another notification."""
    params = notification.message["params"]
    if notification.method == "configWarning":
        return EaselWarning(str(params.get("summary")), _text(params.get("details")), _text(params.get("path")))
    if notification.method == "warning":
        return EaselWarning(str(params.get("message")), thread_id=_text(params.get("threadId")))
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


class EventQueue(Generic[T]):
    """The events between the connection and one consumer.

    It has a limit, since the connection goes on reading while the consumer waits: the answers of other requests are in
    the same stream.
    """

    def __init__(self, limit: int) -> None:
        self.on_close: Callable[[], None] = lambda: None
        """Called once, when no more events are accepted."""
        self._limit = limit
        self._events: deque[T] = deque()
        self._changed = asyncio.Event()
        self._has_ended = False
        self._error: Exception | None = None

    def push(self, event: T) -> None:
        """Adds an event. One that exceeds the limit ends the queue with an error, after the events before it."""
        if self._has_ended:
            return
        if len(self._events) >= self._limit:
            self.end(EventOverflowError(f"more than {self._limit} events were not read; read them sooner"))
            return
        self._events.append(event)
        self._changed.set()

    def end(self, error: Exception | None = None) -> None:
        """Ends the queue after the events in it, with an error if there is one."""
        if not self._has_ended:
            self._has_ended, self._error = True, error
            self._changed.set()
            self.on_close()

    async def aclose(self) -> None:
        """Ends the queue because its consumer needs no more events."""
        self._events.clear()
        self.end()

    def __aiter__(self) -> "EventQueue[T]":
        return self

    async def __anext__(self) -> T:
        while not self._events and not self._has_ended:
            self._changed.clear()
            await self._changed.wait()
        if self._events:
            return self._events.popleft()
        error, self._error = self._error, None
        raise error or StopAsyncIteration
