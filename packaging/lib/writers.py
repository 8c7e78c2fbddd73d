"""Archives whose bytes depend on their contents only: sorted names, one owner, one time."""
import dataclasses
import gzip
import io
import lzma
import tarfile
import time
import zipfile


@dataclasses.dataclass(frozen=True)
class File:
    """A file of a package."""

    name: str
    data: bytes
    executable: bool = False

    @property
    def mode(self):
        """The permissions."""
        return 0o755 if self.executable else 0o644


def tar(files, folder, epoch):
    """Returns a tar archive of the files below a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(files, key=lambda file: file.name):
            header = tarfile.TarInfo(f"{folder}/{file.name}")
            header.size, header.mode, header.mtime = len(file.data), file.mode, epoch
            archive.addfile(header, io.BytesIO(file.data))
    return buffer.getvalue()


def tar_gz(files, folder, epoch, level):
    """Returns the same, compressed for npm."""
    return gzip.compress(tar(files, folder, epoch), level, mtime=0)


def tar_xz(files, folder, epoch, level):
    """Returns the same, compressed for people."""
    return lzma.compress(tar(files, folder, epoch), preset=level)


def wheel(files, epoch, level):
    """Returns a zip archive in the order of the files."""
    # A zip file has no time before 1980.
    moment = max(time.gmtime(epoch)[:6], (1980, 1, 1, 0, 0, 0))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for file in files:
            header = zipfile.ZipInfo(file.name, moment)
            header.external_attr = (0o100000 | file.mode) << 16
            header.create_system = 3
            archive.writestr(header, file.data, zipfile.ZIP_DEFLATED, level)
    return buffer.getvalue()
