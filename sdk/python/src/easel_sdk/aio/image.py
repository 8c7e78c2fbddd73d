"""Images in asynchronous programs."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

from easel_sdk.aio.session import Session
from easel_sdk.errors import ImageIntegrityError
from easel_sdk.generated.protocol import ImageExportResponse, ImageReadResponse, ImageRecord
from easel_sdk.results import BaseImage, Preview

CHUNK = 1 << 20
"""Bytes to read with one request. A response is one line, so the largest chunks would delay other answers."""


class AsyncImage(BaseImage):
    """An image that Easel has stored."""

    def __init__(self, session: Session[Any], record: ImageRecord) -> None:
        super().__init__(record)
        self._session = session

    async def bytes(self) -> bytes:
        """Reads the file over the connection, and checks its SHA-256."""
        return await read_bytes(self._session, self.record)

    async def preview(self, *, max_edge: int | None = None, max_bytes: int | None = None) -> Preview:
        """Makes a smaller copy, by default of at most 1,568 pixels and 32 KiB. The file stays as it is."""
        return await read_preview(self._session, self.record, max_edge, max_bytes)

    async def export(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Copies the file to a path on the machine of the server, in an existing folder, and returns the absolute path.

        The extension must belong to the format. An existing file is replaced only with `overwrite`.
        """
        return await export(self._session, self.record, path, overwrite)


async def read_bytes(session: Session[Any], record: ImageRecord) -> bytes:
    """Reads a file in chunks, and checks its SHA-256."""
    content = bytearray()
    offset: int | None = 0
    while offset is not None:
        params = {"imageId": record.id, "offset": offset, "length": CHUNK}
        chunk = (await session.request("image/read", params, ImageReadResponse)).chunk
        if chunk is None:
            break
        content += base64.b64decode(chunk.data)
        if len(content) > record.bytes or (chunk.next_offset is not None and chunk.next_offset <= offset):
            raise ImageIntegrityError(f"{record.id} has more bytes than its record says; its file was changed")
        offset = chunk.next_offset
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise ImageIntegrityError(f"the bytes of {record.id} do not have its SHA-256; its file was changed")
    return bytes(content)


async def read_preview(
    session: Session[Any], record: ImageRecord, max_edge: int | None, max_bytes: int | None
) -> Preview:
    """Makes a smaller copy of an image."""
    params = {"imageId": record.id, "preview": {"maxEdge": max_edge, "maxBytes": max_bytes}}
    preview = (await session.request("image/read", params, ImageReadResponse)).preview
    if preview is None:
        raise ImageIntegrityError(f"{record.id} has no preview")
    return Preview(base64.b64decode(preview.data), preview.media_type, preview.width, preview.height)


async def export(session: Session[Any], record: ImageRecord, path: str | os.PathLike[str], overwrite: bool) -> Path:
    """Copies the file of an image."""
    absolute = os.path.abspath(path)  # noqa: ASYNC240 - it reads no disk
    params = {"imageId": record.id, "path": absolute, "overwrite": overwrite}
    return Path((await session.request("image/export", params, ImageExportResponse)).path)
