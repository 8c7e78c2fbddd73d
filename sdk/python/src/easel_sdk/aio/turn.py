"""Turns in asynchronous programs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Generic

from easel_sdk.aio.session import Session, Subscriber
from easel_sdk.connection.connection import Connection
from easel_sdk.connection.events import AnyEvent, EventQueue
from easel_sdk.connection.transport import within
from easel_sdk.errors import (
    EaselError,
    EaselExitedError,
    ImageFailedError,
    InvalidRequestError,
    ProtocolError,
    TurnFailedError,
    TurnInterruptedError,
)
from easel_sdk.generated.protocol import (
    AgentMessageThreadItem,
    ImageGenerationThreadItem,
    ItemCompletedEvent,
    ThreadItem,
    ThreadTokenUsageUpdatedEvent,
    TokenUsage,
    Turn,
    TurnCompletedEvent,
    TurnInterruptResponse,
)
from easel_sdk.results import ImageT, TurnResult

INTERRUPT_GRACE = 10.0
"""Seconds that a turn whose task was cancelled may take to end. Easel ends it at once, unless the machine is busy."""


async def finish_in_time(interruption: Coroutine[Any, Any, None]) -> None:
    """Waits for the interruption of a turn. One that takes longer than `INTERRUPT_GRACE` goes on by itself."""
    await within(INTERRUPT_GRACE, interruption)


class AsyncStreamedTurn(Generic[ImageT]):
    """A turn that runs. Iterate over it for its events, up to and with `turn/completed`, and await `result()`."""

    def __init__(
        self, session: Session[ImageT], connection: Connection, thread_id: str, turn_id: str, buffered_events: int
    ) -> None:
        self.thread_id = thread_id
        """The id of the thread."""
        self.id = turn_id
        """The id of the turn."""
        self._session = session
        self._connection = connection
        self._result: TurnResult[ImageT] = TurnResult(thread_id, turn_id)
        self._outcome: asyncio.Future[TurnResult[ImageT]] = asyncio.get_running_loop().create_future()
        # Who only reads the events does not want a warning about an error that was not awaited.
        self._outcome.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._queue: EventQueue[AnyEvent] = EventQueue(buffered_events)
        if buffered_events == 0:
            self._queue.end()
        self._unsubscribe = session.subscribe(Subscriber(self._on_event, self._fail))

    async def result(self) -> TurnResult[ImageT]:
        """Waits until the turn ends, and returns what it made.

        Raises `TurnFailedError`, `TurnInterruptedError`, `ImageFailedError` if the turn ended without an image because
        its image calls failed, or `EaselExitedError` if the server ended before the turn did.
        """
        return await asyncio.shield(self._outcome)

    async def interrupt(self) -> None:
        """Interrupts the turn. Its last events follow. A turn that has ended stays as it is."""
        params = {"threadId": self.thread_id, "turnId": self.id}
        # It is refused if the turn has ended in the meantime.
        with contextlib.suppress(InvalidRequestError):
            await self._connection.request("turn/interrupt", params, TurnInterruptResponse)

    async def interrupt_and_wait(self) -> None:
        """Interrupts the turn and waits until it has ended, or the server has."""
        with contextlib.suppress(EaselError):
            await self.interrupt()
            await asyncio.wait([self._outcome])

    def __aiter__(self) -> AsyncIterator[AnyEvent]:
        """Returns the events. There is one consumer: a second loop goes on where the first one has stopped."""
        return self._queue

    def _on_event(self, event: AnyEvent, params: dict[str, Any]) -> None:
        if params.get("threadId") != self.thread_id:
            return
        # Events name their turn, or only their thread, in which one turn runs at a time.
        if params.get("turnId", params.get("turn", {}).get("id", self.id)) != self.id:
            return
        self._queue.push(event)
        if isinstance(event, ItemCompletedEvent):
            self._add_item(event.params.item)
        elif isinstance(event, ThreadTokenUsageUpdatedEvent):
            self._add_usage(event.params.token_usage.last)
        elif isinstance(event, TurnCompletedEvent):
            self._complete(event.params.turn)
        elif event.method == "item/completed":
            self._result.unknown_items.append(params["item"])
        elif event.method == "turn/completed":
            self._fail(ProtocolError(f"the turn {self.id} ended in a way that this version does not know"))

    def _add_item(self, item: ThreadItem) -> None:
        self._result.items.append(item)
        if isinstance(item, AgentMessageThreadItem):
            self._result.final_text = item.text
        elif isinstance(item, ImageGenerationThreadItem):
            self._result.images += [self._session.make_image(record) for record in item.images]
            if item.error is not None:
                self._result.failures.append(item.error)

    def _add_usage(self, usage: TokenUsage) -> None:
        total = self._result.usage
        if total is not None:
            sums = {name: value + getattr(total, name) for name, value in usage.model_dump().items()}
            usage = TokenUsage.model_validate(sums)
        self._result.usage = usage

    def _complete(self, turn: Turn) -> None:
        self._end()
        result = self._result
        if turn.status == "failed":
            self._outcome.set_exception(TurnFailedError(turn.error, result))
        elif turn.status == "interrupted":
            message = turn.error.message if turn.error else "the turn was interrupted"
            self._outcome.set_exception(TurnInterruptedError(message, result))
        elif result.failures and not result.images:
            self._outcome.set_exception(ImageFailedError(result.failures[-1], result))
        else:
            self._outcome.set_result(result)

    def _fail(self, error: EaselError) -> None:
        if isinstance(error, EaselExitedError):
            message = f"the turn {self.id} was not finished: {error}"
            error = EaselExitedError(message, error.exit_code, error.stderr)
        self._end(error)
        if not self._outcome.done():
            self._outcome.set_exception(error)

    def _end(self, error: EaselError | None = None) -> None:
        self._queue.end(error)
        self._unsubscribe()
