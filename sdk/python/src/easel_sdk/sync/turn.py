"""Turns in synchronous programs."""

from collections.abc import Iterator

from easel_sdk.aio.turn import AsyncStreamedTurn
from easel_sdk.connection.events import AnyEvent
from easel_sdk.results import TurnResult
from easel_sdk.sync.image import Image
from easel_sdk.sync.portal import Portal


class StreamedTurn:
    """A turn that runs. Iterate over it for its events, up to and with `turn/completed`, and call `result()`."""

    def __init__(self, portal: Portal, turn: AsyncStreamedTurn[Image]) -> None:
        self._portal = portal
        self._turn = turn

    @property
    def id(self) -> str:
        """The id of the turn."""
        return self._turn.id

    @property
    def thread_id(self) -> str:
        """The id of the thread."""
        return self._turn.thread_id

    def result(self) -> TurnResult[Image]:
        """Waits until the turn ends, and returns what it made.

        Raises `TurnFailedError`, `TurnInterruptedError`, `ImageFailedError` if the turn ended without an image because
        its image calls failed, or `EaselExitedError` if the server ended before the turn did.
        """
        return self._portal.call(self._turn.result())

    def interrupt(self) -> None:
        """Interrupts the turn, from any thread. Its last events follow. A turn that has ended stays as it is."""
        self._portal.call(self._turn.interrupt())

    def __iter__(self) -> Iterator[AnyEvent]:
        """Returns the events. There is one consumer: a second loop goes on where the first one has stopped."""
        return self._portal.iterate(aiter(self._turn))
