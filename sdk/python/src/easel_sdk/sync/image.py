"""Images in synchronous programs."""

import os
from pathlib import Path
from typing import Any

from easel_sdk.aio.image import export, read_bytes, read_preview
from easel_sdk.aio.session import Session
from easel_sdk.generated.protocol import ImageRecord
from easel_sdk.results import BaseImage, Preview
from easel_sdk.sync.portal import Portal


class Image(BaseImage):
    """An image that Easel has stored."""

    def __init__(self, portal: Portal, session: Session[Any], record: ImageRecord) -> None:
        super().__init__(record)
        self._portal = portal
        self._session = session

    def bytes(self) -> bytes:
        """Reads the file over the connection, and checks its SHA-256."""
        return self._portal.call(read_bytes(self._session, self.record))

    def preview(self, *, max_edge: int | None = None, max_bytes: int | None = None) -> Preview:
        """Makes a smaller copy, by default of at most 1,568 pixels and 32 KiB. The file stays as it is."""
        return self._portal.call(read_preview(self._session, self.record, max_edge, max_bytes))

    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Copies the file to a path on the machine of the server, in an existing folder, and returns the absolute path.

        The extension must belong to the format. An existing file is replaced only with `overwrite`.
        """
        return self._portal.call(export(self._session, self.record, path, overwrite))
