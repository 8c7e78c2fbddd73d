"""Easel in asynchronous programs."""

from collections.abc import AsyncGenerator, Callable, Mapping
from types import TracebackType
from typing import Any, Generic

from pydantic import BaseModel
from typing_extensions import Self, Unpack

from easel_sdk.aio.image import AsyncImage
from easel_sdk.aio.session import Session
from easel_sdk.aio.thread import AsyncThread, resume_params
from easel_sdk.connection.connection import ModelT
from easel_sdk.generated.protocol import (
    ImageListResponse,
    ImageRecord,
    ThreadResumeResponse,
    ThreadSettings,
    ThreadStartParams,
    UsageReadParams,
    UsageReadResponse,
)
from easel_sdk.options import EaselOptions, ResumeOptions, ThreadOptions, to_params
from easel_sdk.results import ImageT, ServerInfo, StoredImage


class BaseEasel(Generic[ImageT]):
    """What `AsyncEasel` is, with images of any class."""

    def __init__(self, options: EaselOptions, make_image: Callable[[Session[ImageT], ImageRecord], ImageT]) -> None:
        self._session: Session[ImageT] = Session(options, lambda record: make_image(self._session, record))

    async def start_thread(self, **options: Unpack[ThreadOptions]) -> AsyncThread[ImageT]:
        """Starts a thread."""
        params = to_params(ThreadStartParams, options)
        connection = await self._session.connection()
        thread = (await connection.request("thread/start", params, ThreadSettings)).thread
        return AsyncThread(self._session, thread.id, _not_stored(options), connection)

    async def resume_thread(self, thread_id: str, **options: Unpack[ResumeOptions]) -> AsyncThread[ImageT]:
        """Loads a stored thread. It goes on with its history."""
        params = resume_params(thread_id, options)
        connection = await self._session.connection()
        await connection.request("thread/resume", params, ThreadResumeResponse)
        return AsyncThread(self._session, thread_id, _not_stored(options), connection)

    async def images(
        self, *, thread_id: str | None = None, mine: bool = False
    ) -> AsyncGenerator[StoredImage[ImageT], None]:
        """Returns the stored images, the newest first: of one thread, or of threads that this client has started."""
        params: dict[str, Any] = {"threadId": thread_id, "mine": mine, "limit": 50}
        while True:
            page = await self._session.request("image/list", params, ImageListResponse)
            for entry in page.data:
                image = self._session.make_image(entry.image)
                yield StoredImage(image, entry.thread_id, entry.turn_id, entry.item_id, entry.created_at)
            if page.next_cursor is None:
                return
            params["cursor"] = page.next_cursor

    async def usage(self, params: UsageReadParams | None = None) -> UsageReadResponse:
        """Returns what images and tokens have cost, and what is left of the limits of spending."""
        return await self.request("usage/read", params or UsageReadParams(), UsageReadResponse)

    async def info(self) -> ServerInfo:
        """Returns the version, the home and the tools of the server. Starts it, if it does not run."""
        return (await self._session.connection()).info

    async def request(self, method: str, params: BaseModel | Mapping[str, Any], response: type[ModelT]) -> ModelT:
        """Sends any request of the protocol, for what this package has no method for. It is sent once."""
        if isinstance(params, BaseModel):
            params = params.model_dump(mode="json", by_alias=True)
        return await self._session.request(method, dict(params), response)

    async def close(self) -> None:
        """Ends the server, which interrupts its turns. One on a `socket` goes on, and only the connection ends."""
        await self._session.close()


def _not_stored(options: ResumeOptions) -> ResumeOptions:
    """Returns what the server does not store of a thread, and what must come again with it.

    The model and the provider may have changed since.
    """
    resume = ResumeOptions()
    if "config" in options:
        resume["config"] = options["config"]
    if "base_instructions" in options:
        resume["base_instructions"] = options["base_instructions"]
    if "developer_instructions" in options:
        resume["developer_instructions"] = options["developer_instructions"]
    return resume


class AsyncEasel(BaseEasel[AsyncImage]):
    """An image-generation server, which the first call starts, and which ends with the `async with` block.

    If the server ends by itself, calls that wait fail with an `EaselExitedError`, and the next call starts a new one.
    Threads go on in it with their history.
    """

    def __init__(self, **options: Unpack[EaselOptions]) -> None:
        super().__init__(options, AsyncImage)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
