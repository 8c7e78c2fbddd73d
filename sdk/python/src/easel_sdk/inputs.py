"""What a user says: text and images."""

import base64
import os
from collections.abc import Sequence
from typing import Any, TypeAlias

from easel_sdk.generated.protocol import ImageDetail, ImageUserInput, LocalImageUserInput, MediaType, UserInput
from easel_sdk.results import BaseImage

InputPart: TypeAlias = str | os.PathLike[str] | BaseImage | UserInput
"""One part of a message. A string is text, and a `pathlib.Path` an image file. An image of an earlier turn, also of
another thread, is an image to edit or to follow."""

Input: TypeAlias = InputPart | Sequence[InputPart]
"""A prompt, or parts of text and images in their order."""


def local_image(path: str | os.PathLike[str], *, detail: ImageDetail | None = None) -> LocalImageUserInput:
    """An image file. Easel copies it when the turn starts. A relative path starts at this process's working folder."""
    return LocalImageUserInput(path=os.path.abspath(path), detail=detail)


def inline_image(content: bytes, media_type: MediaType, *, detail: ImageDetail | None = None) -> ImageUserInput:
    """An image that is only in memory."""
    return ImageUserInput(url=f"data:{media_type};base64,{base64.b64encode(content).decode()}", detail=detail)


def to_user_input(parts: Input) -> list[dict[str, Any]]:
    """Returns the parts of a message as the protocol has them."""
    if isinstance(parts, Sequence) and not isinstance(parts, str):
        return [_to_part(part) for part in parts]
    return [_to_part(parts)]


def _to_part(part: InputPart) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, os.PathLike):
        part = local_image(part)
    elif isinstance(part, BaseImage):
        part = local_image(part.path)
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)
