"""Which versions of Easel this package works with."""

import re

from easel_sdk.errors import EaselVersionError

SDK_VERSION = "0.1.0"
"""The version of this package."""

MINIMUM_VERSION = "0.1.0"
"""The oldest Easel that this package works with. Newer ones fit until the leading number that is not 0 changes."""


def version_of(user_agent: str) -> str:
    """Returns the version of Easel that a user agent such as `my_ide/0.169.0 (linux; x86_64) easel/0.1.0` ends with."""
    match = re.search(r" easel/(\d+\.\d+\.\d+\S*)$", user_agent)
    if match is None:
        raise EaselVersionError(f"easel-sdk {SDK_VERSION} needs Easel, and the server is {user_agent[:200]!r}")
    return match[1]


def check_version(version: str) -> None:
    """Checks that this package works with a version of Easel."""
    found, least = _numbers(version), _numbers(MINIMUM_VERSION)
    significant = next((index for index, number in enumerate(least) if number > 0), len(least) - 1)
    if found < least or found[: significant + 1] != least[: significant + 1]:
        raise EaselVersionError(
            f"easel-sdk {SDK_VERSION} works with Easel ^{MINIMUM_VERSION}, and the executable is Easel {version}; "
            "update both, or set `binary` to an executable that fits"
        )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]
