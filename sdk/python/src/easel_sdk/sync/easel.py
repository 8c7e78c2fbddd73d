"""Easel in synchronous programs."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from pydantic import BaseModel
from typing_extensions import Self, Unpack

from easel_sdk.aio.easel import BaseEasel
from easel_sdk.connection.connection import ModelT
from easel_sdk.generated.protocol import UsageReadParams, UsageReadResponse
from easel_sdk.options import EaselOptions, ResumeOptions, ThreadOptions
from easel_sdk.results import ServerInfo, StoredImage
from easel_sdk.sync.image import Image
from easel_sdk.sync.portal import Portal, PortalIterator
from easel_sdk.sync.thread import Thread


class Easel:
    """An image-generation server, which the first call starts, and which ends with the `with` block.

    If the server ends by itself, calls that wait fail with an `EaselExitedError`, and the next call starts a new one.
    Threads go on in it with their history. All methods may be called from any thread.
    """

    def __init__(self, **options: Unpack[EaselOptions]) -> None:
        portal = Portal()
        self._portal = portal
        self._easel: BaseEasel[Image] = BaseEasel(options, lambda session, record: Image(portal, session, record))

    def start_thread(self, **options: Unpack[ThreadOptions]) -> Thread:
        """Starts a thread."""
        return Thread(self._portal, self._portal.call(self._easel.start_thread(**options)))

    def resume_thread(self, thread_id: str, **options: Unpack[ResumeOptions]) -> Thread:
        """Loads a stored thread. It goes on with its history."""
        return Thread(self._portal, self._portal.call(self._easel.resume_thread(thread_id, **options)))

    def images(self, *, thread_id: str | None = None, mine: bool = False) -> Iterator[StoredImage[Image]]:
        """Returns the stored images, the newest first: of one thread, or of threads that this client has started."""
        return PortalIterator(self._portal, self._easel.images(thread_id=thread_id, mine=mine))

    def usage(self, params: UsageReadParams | None = None) -> UsageReadResponse:
        """Returns what images and tokens have cost, and what is left of the limits of spending."""
        return self._portal.call(self._easel.usage(params))

    def info(self) -> ServerInfo:
        """Returns the version, the home and the tools of the server. Starts it, if it does not run."""
        return self._portal.call(self._easel.info())

    def request(self, method: str, params: BaseModel | Mapping[str, Any], response: type[ModelT]) -> ModelT:
        """Sends any request of the protocol, for what this package has no method for. It is sent once."""
        return self._portal.call(self._easel.request(method, params, response))

    def close(self) -> None:
        """Ends the server, which interrupts its turns. One on a `socket` goes on, and only the connection ends."""
        self._portal.close(self._easel.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
