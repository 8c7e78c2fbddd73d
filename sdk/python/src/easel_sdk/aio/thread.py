"""Threads in asynchronous programs."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Generic

from typing_extensions import Unpack

from easel_sdk.aio.session import Session, Subscriber
from easel_sdk.aio.turn import AsyncStreamedTurn, finish_in_time
from easel_sdk.connection.connection import Connection
from easel_sdk.connection.events import AnyEvent, EventQueue
from easel_sdk.generated.protocol import (
    ThreadResumeParams,
    ThreadResumeResponse,
    ThreadTurnsListResponse,
    Turn,
    TurnStartParams,
    TurnStartResponse,
)
from easel_sdk.inputs import Input, to_user_input
from easel_sdk.options import ResumeOptions, RunOptions, StreamOptions, to_params
from easel_sdk.results import ImageT, TurnResult

BUFFERED_EVENTS = 4096


class AsyncThread(Generic[ImageT]):
    """A conversation, which remembers its images. Easel stores it, unless it is ephemeral."""

    def __init__(self, session: Session[ImageT], thread_id: str, resume: ResumeOptions, connection: Connection) -> None:
        self.id = thread_id
        """The id of the thread, for `resume_thread`."""
        self._session = session
        self._resume = resume
        self._connection: Connection | None = connection
        self._loading = asyncio.Lock()

    async def run(self, message: Input, **options: Unpack[RunOptions]) -> TurnResult[ImageT]:
        """Sends a message, and waits until the turn ends.

        The message is sent once. If the server ends meanwhile, look at `turns()` before you send it again. A task that
        is cancelled here interrupts the turn. Raises what `AsyncStreamedTurn.result` raises, and `RequestError` if the
        turn cannot start, for example while another one runs.
        """
        turn = await self.run_streamed(message, **options, buffered_events=0)
        try:
            return await turn.result()
        except asyncio.CancelledError:
            await finish_in_time(turn.interrupt_and_wait())
            raise

    async def run_streamed(self, message: Input, **options: Unpack[StreamOptions]) -> AsyncStreamedTurn[ImageT]:
        """Sends a message, and returns the turn that answers it: an async iterator of its events, with a `result()`."""
        buffered_events = options.pop("buffered_events", BUFFERED_EVENTS)
        parts = to_user_input(message)
        params = to_params(TurnStartParams, options, thread_id=self.id, input=parts)
        connection = await self._load()
        started: list[AsyncStreamedTurn[ImageT]] = []

        def subscribe(response: TurnStartResponse) -> None:
            turn_id = response.turn.id
            started.append(AsyncStreamedTurn(self._session, connection, self.id, turn_id, buffered_events))

        request = asyncio.create_task(connection.request("turn/start", params, TurnStartResponse, subscribe))
        try:
            await asyncio.shield(request)
        except asyncio.CancelledError:
            # The request is on its way, and nobody else would interrupt what it starts.
            await finish_in_time(_interrupt_when_started(request, started))
            raise
        return started[0]

    async def events(self, *, buffered_events: int = BUFFERED_EVENTS) -> EventQueue[AnyEvent]:
        """Returns the events of the thread from now on, also of turns that other clients start.

        Call `aclose()` of the iterator when you need no more of them.
        """

        def on_event(event: AnyEvent, params: dict[str, Any]) -> None:
            if params.get("threadId") == self.id:
                queue.push(event)

        queue: EventQueue[AnyEvent] = EventQueue(buffered_events)
        queue.on_close = self._session.subscribe(Subscriber(on_event, queue.end))
        try:
            await self._load()
        except BaseException:
            queue.end()
            raise
        return queue

    async def turns(self, *, newest_first: bool = False) -> AsyncGenerator[Turn, None]:
        """Returns the stored turns with all their items, the oldest first, or with `newest_first` the newest."""
        params: dict[str, Any] = {"threadId": self.id, "limit": 10, "itemsView": "full"}
        params["sortDirection"] = "desc" if newest_first else "asc"
        while True:
            page = await self._session.request("thread/turns/list", params, ThreadTurnsListResponse)
            for turn in page.data:
                yield turn
            if page.next_cursor is None:
                return
            params["cursor"] = page.next_cursor

    async def _load(self) -> Connection:
        """Loads the thread into the server, if this is another one than before."""
        async with self._loading:
            connection = await self._session.connection()
            if self._connection is not connection:
                await connection.request("thread/resume", resume_params(self.id, self._resume), ThreadResumeResponse)
                self._connection = connection
            return connection


async def _interrupt_when_started(request: "asyncio.Task[Any]", started: Sequence[AsyncStreamedTurn[Any]]) -> None:
    await asyncio.wait([request])
    # A turn that was refused needs no interruption.
    if not request.cancelled() and request.exception() is None:
        for turn in started:
            await turn.interrupt_and_wait()


def resume_params(thread_id: str, options: ResumeOptions) -> dict[str, Any]:
    """Returns the params that load a thread without its turns."""
    return to_params(ThreadResumeParams, options, thread_id=thread_id, exclude_turns=True)
