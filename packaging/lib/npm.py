"""The npm packages: one with the launcher, and one with the binary for each platform."""
import json
import pathlib

from crates import ROOT
from targets import ALL
from writers import File, tar_gz

FILES = ROOT / "packaging" / "npm"
MAIN = "@easel/cli"


def _manifest(name, release, description, **rest):
    manifest = {"name": name, "version": release.version, "description": description, "license": "Apache-2.0"}
    # npm compares it with the repository in the provenance.
    if release.repository:
        manifest["repository"] = {"type": "git", "url": f"git+{release.repository.removesuffix('.git')}.git"}
    manifest |= rest
    return File("package.json", (json.dumps(manifest, indent=2) + "\n").encode())


def _pack(name, files, release):
    # The name that `npm pack` gives it.
    file = f"{name.removeprefix('@').replace('/', '-')}-{release.version}.tgz"
    return file, tar_gz(files, "package", release.epoch, release.level)


def platform(target, binary, release):
    """Returns the name and the bytes of a platform's package.

    It has no `libc`: the binary for Linux is static.
    """
    manifest = _manifest(
        target.npm, release, f"The binary of {MAIN} for {target.node_os} on {target.node_cpu}",
        os=[target.node_os], cpu=[target.node_cpu], preferUnplugged=True,
    )
    readme = f"# {target.npm}\n\nThe binary of Easel for {target.triple}. Install `{MAIN}` instead.\n"
    files = [
        manifest,
        File("README.md", readme.encode()),
        File(f"bin/{target.executable}", binary, executable=True),
        *release.legal,
    ]
    return _pack(target.npm, files, release)


def main(release):
    """Returns the name and the bytes of the package with the launcher."""
    manifest = _manifest(
        MAIN, release, "Easel, an image-generation app-server",
        bin={"easel": "bin/easel.js"}, main="lib/binary.js", types="lib/binary.d.ts", engines={"node": ">=18"},
        # The versions are exact, so that the launcher and the binary are of one release.
        optionalDependencies={target.npm: release.version for target in ALL},
    )
    files = [manifest, *release.legal]
    for path in sorted(FILES.rglob("*")):
        if path.is_file():
            name = str(pathlib.PurePosixPath(path.relative_to(FILES)))
            files.append(File(name, path.read_bytes(), executable=name.startswith("bin/")))
    return _pack(MAIN, files, release)
