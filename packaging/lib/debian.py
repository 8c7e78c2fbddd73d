"""The Debian package, which `dpkg-deb` builds."""
import dataclasses
import gzip
import os
import pathlib
import subprocess
import tempfile

from crates import ROOT
from writers import File

COMPLETIONS = {
    "easel.bash": "usr/share/bash-completion/completions/easel",
    "easel.fish": "usr/share/fish/vendor_completions.d/easel.fish",
    "_easel": "usr/share/zsh/vendor-completions/_easel",
}
CONTROL = """\
Package: easel
Version: {version}
Architecture: {architecture}
Maintainer: The Easel developers <easel@localhost>
Installed-Size: {kibibytes}
Section: graphics
Priority: optional
Description: image-generation app-server
 Easel adds image generation and editing to an IDE, a desktop app or an agent.
 A client spawns it, sends prompts over JSON-RPC, and gets image files. The
 package has a user unit of systemd that starts a server for several clients
 when the first one connects.
"""


def debian_version(version):
    """Returns a version of Cargo in the spelling of Debian, where `~` sorts before the release."""
    return version.replace("-", "~") + "-1"


def _files(binary, release):
    systemd = ROOT / "packaging" / "systemd"
    document = "usr/share/doc/easel"
    return [
        File("usr/bin/easel", binary, executable=True),
        *(File(f"usr/share/man/man1/{page.name}.gz", gzip.compress(page.data, 9, mtime=0)) for page in release.manual),
        *(File(COMPLETIONS[file.name], file.data) for file in release.completions if file.name in COMPLETIONS),
        *(File(f"usr/lib/systemd/user/{path.name}", path.read_bytes()) for path in sorted(systemd.iterdir())),
        *(dataclasses.replace(file, name=f"{document}/{file.name}") for file in release.documents),
        File(f"{document}/copyright", b"\n".join(file.data for file in release.legal)),
    ]


def build(target, binary, release):
    """Returns the name and the bytes. All times are those of the commit, and root owns all files."""
    version = debian_version(release.version)
    files = _files(binary, release)
    size = sum(-(-len(file.data) // 1024) for file in files)
    control = CONTROL.format(version=version, architecture=target.debian, kibibytes=size)
    name = f"easel_{version}_{target.debian}.deb"
    with tempfile.TemporaryDirectory() as scratch:
        root, package = pathlib.Path(scratch, "root"), pathlib.Path(scratch, name)
        for file in [*files, File("DEBIAN/control", control.encode())]:
            path = root / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            path.chmod(file.mode)
        for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
            folder.chmod(0o755)
        # Several threads would write other bytes than one.
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zxz", f"-z{release.level}", "--build",
             str(root), str(package)],
            check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": str(release.epoch)},
        )
        return name, package.read_bytes()
