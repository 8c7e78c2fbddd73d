"""The binary of Easel, and the way to find it."""
import os
import sys
import sysconfig

__all__ = ["find_easel_bin"]


def _folders():
    """Yields the folders where pip puts the scripts of a package."""
    yield sysconfig.get_path("scripts")
    # `pip install --prefix` and environments whose Python was started through another one.
    yield sysconfig.get_path("scripts", vars={"base": sys.base_prefix})
    # `pip install --target`.
    yield os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin")
    # `pip install --user`.
    yield sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))


def find_easel_bin() -> str:
    """Returns the path of the binary: `EASEL_BINARY`, or the one that this package has installed.

    Raises FileNotFoundError if it is in none of the folders where pip puts it.
    """
    if chosen := os.environ.get("EASEL_BINARY"):
        return chosen
    name = "easel" + (sysconfig.get_config_var("EXE") or "")
    folders = list(dict.fromkeys(_folders()))
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(
        f"{name} is in none of {', '.join(folders)}; run `pip install --force-reinstall easel-cli-bin`, "
        "or set EASEL_BINARY to the executable"
    )
