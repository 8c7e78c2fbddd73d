"""Images, and what turns, previews and lists return."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from easel_sdk.generated.protocol import ImageError, ImageRecord, MediaType, ThreadItem, TokenUsage


class BaseImage:
    """An image that Easel has stored."""

    def __init__(self, record: ImageRecord) -> None:
        self.record = record
        """All that is known about the image: what was requested and applied, inputs, usage, and the file."""

    @property
    def id(self) -> str:
        """The handle of the image, unique among all images."""
        return self.record.id

    @property
    def path(self) -> Path:
        """The absolute path of the file, on the machine of the server."""
        return Path(self.record.path)

    @property
    def media_type(self) -> MediaType:
        """The format of the file."""
        return self.record.media_type

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.record.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.record.height

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id}, {self.width}x{self.height}, {self.record.path!r})"


ImageT = TypeVar("ImageT", bound=BaseImage)


@dataclass
class TurnResult(Generic[ImageT]):
    """What a turn made."""

    thread_id: str
    turn_id: str
    items: list[ThreadItem] = field(default_factory=list)
    """The user's message, the model's messages, its reasoning and its image calls, in the order in which they ended."""
    images: list[ImageT] = field(default_factory=list)
    """The images of all image calls."""
    failures: list[ImageError] = field(default_factory=list)
    """Why image calls made no image, or fewer than requested. The model has read this, and may have tried again."""
    usage: TokenUsage | None = None
    """The tokens of all answers of the model in this turn. `None` if the provider does not report them."""
    final_text: str = ""
    """The model's last message. Empty without one."""
    unknown_items: list[dict[str, Any]] = field(default_factory=list)
    """Items that this version of the package has no type for, as they arrived."""


@dataclass(frozen=True)
class Preview:
    """A smaller copy of an image, as JPEG, or as PNG if a pixel is transparent."""

    content: bytes
    media_type: MediaType
    width: int
    height: int


@dataclass(frozen=True)
class StoredImage(Generic[ImageT]):
    """A stored image, and where it comes from."""

    image: ImageT
    thread_id: str
    turn_id: str
    item_id: str
    created_at: int
    """When the image was stored, in Unix seconds."""


@dataclass(frozen=True)
class ServerInfo:
    """What the server says about itself."""

    version: str
    """The version of Easel."""
    home: str
    """The absolute path of Easel's home."""
    tools: tuple[str, ...]
    """Names of the image tools that a thread offers to the model by default."""
    pid: int | None
    """The process id of a server that was spawned."""
