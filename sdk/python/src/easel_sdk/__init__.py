"""Image generation and editing through Easel. Start at `Easel`, or at `AsyncEasel` in asynchronous programs.

The types of the protocol are in `easel_sdk.types`.
"""

from easel_sdk.aio.easel import AsyncEasel
from easel_sdk.aio.image import AsyncImage
from easel_sdk.aio.thread import AsyncThread
from easel_sdk.aio.turn import AsyncStreamedTurn
from easel_sdk.connection.events import AnyEvent, UnknownEvent
from easel_sdk.connection.version import MINIMUM_VERSION, SDK_VERSION
from easel_sdk.errors import (
    EaselError,
    EaselExitedError,
    EaselNotFoundError,
    EaselVersionError,
    EaselWarning,
    EventOverflowError,
    ImageFailedError,
    ImageIntegrityError,
    InvalidParamsError,
    InvalidRequestError,
    OverloadedError,
    ProtocolError,
    RequestCancelledError,
    RequestError,
    TurnFailedError,
    TurnInterruptedError,
    UnfinishedTurnError,
)
from easel_sdk.inputs import Input, InputPart, inline_image, local_image
from easel_sdk.results import Preview, ServerInfo, StoredImage, TurnResult
from easel_sdk.sync.easel import Easel
from easel_sdk.sync.image import Image
from easel_sdk.sync.thread import Thread
from easel_sdk.sync.turn import StreamedTurn

__all__ = [
    "MINIMUM_VERSION",
    "SDK_VERSION",
    "AnyEvent",
    "AsyncEasel",
    "AsyncImage",
    "AsyncStreamedTurn",
    "AsyncThread",
    "Easel",
    "EaselError",
    "EaselExitedError",
    "EaselNotFoundError",
    "EaselVersionError",
    "EaselWarning",
    "EventOverflowError",
    "Image",
    "ImageFailedError",
    "ImageIntegrityError",
    "Input",
    "InputPart",
    "InvalidParamsError",
    "InvalidRequestError",
    "OverloadedError",
    "Preview",
    "ProtocolError",
    "RequestCancelledError",
    "RequestError",
    "ServerInfo",
    "StoredImage",
    "StreamedTurn",
    "Thread",
    "TurnFailedError",
    "TurnInterruptedError",
    "TurnResult",
    "UnfinishedTurnError",
    "UnknownEvent",
    "inline_image",
    "local_image",
]
