"""Runs coroutines for threads that have no event loop."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar

from easel_sdk.errors import EaselError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ClosableIterator(Protocol[T_co]):
    """An asynchronous iterator that holds something until it is closed."""

    def __anext__(self) -> Awaitable[T_co]: ...

    def aclose(self) -> Awaitable[None]:
        """Closes the iterator."""


class Portal:
    """An event loop in a thread of its own, which ends with the portal. Any thread may call it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="easel", daemon=True)
        self._lock = threading.Lock()
        self._is_closed = False
        self._process = os.getpid()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine, and returns its result. An exception in the caller, such as Ctrl-C, cancels it."""
        if self._process != os.getpid():
            coroutine.close()
            raise EaselError("this Easel belongs to another process; create one in each process after os.fork()")
        with self._lock:
            if self._is_closed:
                coroutine.close()
                raise EaselError("this Easel is closed")
            if self._thread is threading.current_thread():
                coroutine.close()
                raise EaselError("a callback of Easel must not wait for Easel; use AsyncEasel")
            if not self._thread.is_alive():
                self._thread.start()
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, iterator: AsyncIterator[T]) -> Iterator[T]:
        """Returns the values of an asynchronous iterator, which stays open when the loop over them is left."""
        with contextlib.suppress(StopAsyncIteration):
            while True:
                yield self.call(_advance(iterator))

    def close_soon(self, iterator: ClosableIterator[Any]) -> None:
        """Closes an iterator without waiting for it. The garbage collector may do this in any thread."""

        async def close() -> None:
            await iterator.aclose()

        if self._process == os.getpid() and self._loop.is_running():
            coroutine = close()
            try:
                asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            except RuntimeError:
                # The loop was closed in the meantime.
                coroutine.close()

    def close(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Runs a last coroutine, and ends the thread. A second call does nothing."""
        if self._process != os.getpid():
            # The server belongs to the process that has started it.
            coroutine.close()
            return
        with self._lock:
            is_running = self._thread.is_alive() and not self._is_closed
            self._is_closed = True
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop) if is_running else None
        if future is None:
            coroutine.close()
            if not self._thread.is_alive():
                self._loop.close()
            return
        try:
            future.result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


class PortalIterator(Iterator[T]):
    """The values of an asynchronous iterator, which is closed when the loop over them is left."""

    def __init__(self, portal: Portal, iterator: ClosableIterator[T]) -> None:
        self._portal = portal
        self._iterator = iterator

    def __next__(self) -> T:
        try:
            return self._portal.call(_advance(self._iterator))
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """Ends the values, because nobody needs more of them."""
        self._portal.close_soon(self._iterator)

    def __del__(self) -> None:
        self.close()


async def _advance(iterator: AsyncIterator[T] | ClosableIterator[T]) -> T:
    return await iterator.__anext__()
