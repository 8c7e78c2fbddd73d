"""The options of Easel, threads and turns."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from typing_extensions import TypedDict

from easel_sdk.errors import EaselWarning
from easel_sdk.generated.model import Model
from easel_sdk.generated.protocol import ApprovalScope, PermissionsRequestApprovalParams, ReasoningSummary

Decision: TypeAlias = bool | ApprovalScope
"""`True` allows an image call, a scope allows more, and anything else denies it."""

Approve: TypeAlias = Callable[[PermissionsRequestApprovalParams], Decision | Awaitable[Decision]]
"""Decides about an image call that needs an approval. A call whose function raises, or returns nothing, is denied.

A function that is not a coroutine function runs in a thread of its own, so it may wait for a user. A coroutine is
cancelled when the server no longer waits: the time limit has passed, another client has decided, or the turn was
interrupted.
"""

OnWarning: TypeAlias = Callable[[EaselWarning], None]
"""Receives a warning. It is called on the event loop, so it must return soon and cannot be a coroutine function."""


class EaselOptions(TypedDict, total=False):
    """How Easel is found, started and configured."""

    binary: str | os.PathLike[str]
    """The executable. Default: `EASEL_BINARY`, the package `easel-cli-bin`, or `easel` in the `PATH`."""
    socket: str | os.PathLike[str]
    """Connects to a server that listens on this Unix socket, instead of spawning one."""
    home: str | os.PathLike[str]
    """Easel's home: configuration, threads and images. Default: `EASEL_HOME`, `CODEX_HOME/easel` or `~/.easel`."""
    cwd: str | os.PathLike[str]
    """The working folder of the server, and of threads that name none."""
    env: Mapping[str, str]
    """The environment of the server. Default: that of this process."""
    config: Mapping[str, str | int | float | bool]
    """Configuration for this server by dotted key, such as `{"images.parallel": 2}`."""
    approve: Approve
    """Decides about image calls that need an approval. Without it they fail with `approvalDenied`."""
    on_warning: OnWarning
    """Receives each warning of the server, such as the one about a misspelled key. Default: `warnings.warn`."""
    client_name: str
    """The name of your program. Threads have it as their `originator`."""
    client_version: str
    """The version of your program."""
    start_timeout: float
    """Seconds that the server may take to start. Default 30."""
    close_timeout: float
    """Seconds that the server may take to end, until it is killed. Default 10."""


class ResumeOptions(TypedDict, total=False):
    """What changes when a thread is resumed."""

    cwd: str | os.PathLike[str]
    """The working folder."""
    model: str
    """The model."""
    model_provider: str
    """The id of the provider."""
    config: Mapping[str, Any]
    """Configuration that applies only to this thread, by dotted key."""
    base_instructions: str
    """Who the model is. Replaces `model_instructions`."""
    developer_instructions: str
    """What the model must also follow."""


class ThreadOptions(ResumeOptions, total=False):
    """How a thread is started. What is left out comes from the configuration."""

    ephemeral: bool
    """Keeps the thread only in memory. The images that it makes stay."""


class RunOptions(TypedDict, total=False):
    """Options of one turn."""

    model: str
    """The model, from this turn on."""
    effort: str
    """The reasoning effort, from this turn on."""
    summary: ReasoningSummary
    """Which summaries of its reasoning the model writes, from this turn on."""
    output_schema: Mapping[str, Any]
    """A JSON Schema that the last message of the model must satisfy."""
    closing_answer: bool
    """Whether the model is asked for closing words after its images were made."""


class StreamOptions(RunOptions, total=False):
    """Options of a turn whose events are read."""

    buffered_events: int
    """How many events may wait. If more do, the loop over them ends with an `EventOverflowError`. Default 4,096."""


ParamsT = TypeVar("ParamsT", bound=Model)


def to_params(model: type[ParamsT], options: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Returns options as the params of a request. An option that does not exist is an error."""
    values = {key: os.fspath(value) if isinstance(value, os.PathLike) else value for key, value in options.items()}
    for key in values:
        if key not in model.model_fields:
            raise TypeError(f"unexpected option {key!r}")
    return model.model_validate({**values, **more}).model_dump(mode="json", by_alias=True, exclude_none=True)
