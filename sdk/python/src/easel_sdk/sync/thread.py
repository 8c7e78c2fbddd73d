"""Threads in synchronous programs."""

from collections.abc import Iterator

from typing_extensions import Unpack

from easel_sdk.aio.thread import BUFFERED_EVENTS, AsyncThread
from easel_sdk.connection.events import AnyEvent
from easel_sdk.generated.protocol import Turn
from easel_sdk.inputs import Input
from easel_sdk.options import RunOptions, StreamOptions
from easel_sdk.results import TurnResult
from easel_sdk.sync.image import Image
from easel_sdk.sync.portal import Portal, PortalIterator
from easel_sdk.sync.turn import StreamedTurn


class Thread:
    """A conversation, which remembers its images. Easel stores it, unless it is ephemeral."""

    def __init__(self, portal: Portal, thread: AsyncThread[Image]) -> None:
        self._portal = portal
        self._thread = thread

    @property
    def id(self) -> str:
        """The id of the thread, for `resume_thread`."""
        return self._thread.id

    def run(self, message: Input, **options: Unpack[RunOptions]) -> TurnResult[Image]:
        """Sends a message, and waits until the turn ends.

        The message is sent once. If the server ends meanwhile, look at `turns()` before you send it again. Ctrl-C
        interrupts the turn. Raises what `StreamedTurn.result` raises, and `RequestError` if the turn cannot start, for
        example while another one runs.
        """
        return self._portal.call(self._thread.run(message, **options))

    def run_streamed(self, message: Input, **options: Unpack[StreamOptions]) -> StreamedTurn:
        """Sends a message, and returns the turn that answers it: an iterator of its events, with a `result()`."""
        return StreamedTurn(self._portal, self._portal.call(self._thread.run_streamed(message, **options)))

    def events(self, *, buffered_events: int = BUFFERED_EVENTS) -> Iterator[AnyEvent]:
        """Returns the events of the thread from now on, also of turns that other clients start.

        They end when nothing refers to the iterator any more.
        """
        queue = self._portal.call(self._thread.events(buffered_events=buffered_events))
        return PortalIterator(self._portal, queue)

    def turns(self, *, newest_first: bool = False) -> Iterator[Turn]:
        """Returns the stored turns with all their items, the oldest first, or with `newest_first` the newest."""
        return PortalIterator(self._portal, self._thread.turns(newest_first=newest_first))
