"""Finds the executable."""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from easel_sdk.errors import EaselNotFoundError


def find_binary(binary: str | os.PathLike[str] | None, env: Mapping[str, str]) -> str:
    """Finds the executable.

    This is `binary`, else the variable `EASEL_BINARY`, else the one of the package `easel-cli-bin`, else `easel` in the
    `PATH`.
    """
    named = binary or env.get("EASEL_BINARY")
    if named:
        path = Path(named)
        if path.is_file() and os.access(path, os.X_OK):
            return str(path.absolute())
        source = "the option `binary`" if binary else "the variable EASEL_BINARY"
        raise EaselNotFoundError(f"{named}, which {source} names, is not an executable file")
    found = _find_in_package() or shutil.which("easel", path=env.get("PATH", os.defpath))
    if found is None:
        raise EaselNotFoundError(
            "Easel was not found: the package easel-cli-bin is not installed, and no folder of the PATH has easel. "
            "Run `pip install easel-cli-bin`, or set EASEL_BINARY"
        )
    return str(Path(found).absolute())


def _find_in_package() -> str | None:
    if importlib.util.find_spec("easel_cli_bin") is None:
        return None
    try:
        return str(importlib.import_module("easel_cli_bin").find_easel_bin())
    except FileNotFoundError as error:
        raise EaselNotFoundError(f"the package easel-cli-bin has no executable: {error}") from error
