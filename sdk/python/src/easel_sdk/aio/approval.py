"""The answer to the server's question whether an image call may be made."""

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar, get_args

from easel_sdk.errors import EaselError
from easel_sdk.generated.protocol import ApprovalScope, PermissionsRequestApprovalParams
from easel_sdk.options import Approve

SCOPES: tuple[str, ...] = get_args(get_args(ApprovalScope.__value__)[0])

T = TypeVar("T")


async def decide(approve: Approve, params: PermissionsRequestApprovalParams) -> dict[str, Any]:
    """Calls the function that decides, and returns its decision as the server expects it."""
    if inspect.iscoroutinefunction(approve):
        decision = await approve(params)
    else:
        decision = await _call_in_thread(lambda: approve(params))
        if inspect.isawaitable(decision):
            decision = await decision
    scope = "call" if decision is True else decision
    # A function that forgets to return must not spend money.
    if not isinstance(scope, str) or scope not in SCOPES:
        return {"permissions": {}}
    return {"permissions": {"network": {"enabled": True}}, "scope": scope}


async def _call_in_thread(function: Callable[[], T]) -> T:
    """Calls a function that may wait for a user. Unlike with `asyncio.to_thread`, the program may end meanwhile."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(set_outcome: Callable[[Any], None], outcome: Any) -> None:
        if not future.done():
            set_outcome(outcome)

    def run() -> None:
        outcome: tuple[Callable[[Any], None], Any]
        try:
            outcome = (future.set_result, context.run(function))
        except BaseException as error:
            outcome = (future.set_exception, EaselError(f"`approve` has failed: {error!r}"))
        # The loop may have been closed in the meantime.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="easel-approve", daemon=True).start()
    return await future
