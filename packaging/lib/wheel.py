"""The wheel with the binary: `easel-cli-bin`."""
import base64
import hashlib
import re

from crates import ROOT
from writers import File, wheel

FILES = ROOT / "packaging" / "wheel"
NAME = "easel_cli_bin"


def python_version(version):
    """Returns a version of Cargo in the spelling of Python: `1.2.0-rc.1` becomes `1.2.0rc1`."""
    number, _, pre = version.partition("-")
    if not pre:
        return number
    found = re.fullmatch(r"(alpha|beta|rc)\.(\d+)", pre)
    if not found:
        raise SystemExit(f"package: Python has no spelling of the version {version}; use -alpha.N, -beta.N or -rc.N")
    return number + {"alpha": "a", "beta": "b", "rc": "rc"}[found[1]] + found[2]


def _metadata(version):
    headers = [
        "Metadata-Version: 2.4",
        "Name: easel-cli-bin",
        f"Version: {version}",
        "Summary: The binary of Easel, an image-generation app-server",
        "License-Expression: Apache-2.0",
        *(f"License-File: {name}" for name in ("LICENSE", "NOTICE", "THIRD-PARTY-LICENSES.txt")),
        "Requires-Python: >=3.9",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(headers) + "\n\n" + (FILES / "README.md").read_text()


def _record(files, path):
    lines = []
    for file in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(file.data).digest()).decode().rstrip("=")
        lines.append(f"{file.name},sha256={digest},{len(file.data)}\n")
    return File(path, "".join([*lines, f"{path},,\n"]).encode())


def build(target, binary, release):
    """Returns the name and the bytes."""
    version = python_version(release.version)
    info, tag = f"{NAME}-{version}.dist-info", f"py3-none-{target.wheel}"
    tags = "".join(f"Tag: py3-none-{platform}\n" for platform in target.wheel.split("."))
    modules = [path for path in sorted((FILES / NAME).iterdir()) if path.is_file()]
    files = [
        *(File(f"{NAME}/{path.name}", path.read_bytes()) for path in modules),
        File(f"{NAME}-{version}.data/scripts/{target.executable}", binary, executable=True),
        *(File(f"{info}/licenses/{file.name}", file.data) for file in release.legal),
        File(f"{info}/METADATA", _metadata(version).encode()),
        File(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: easel\nRoot-Is-Purelib: false\n{tags}".encode()),
    ]
    files.append(_record(files, f"{info}/RECORD"))
    return f"{NAME}-{version}-{tag}.whl", wheel(files, release.epoch, release.level)
