"""What packages contain beside the binary."""
import dataclasses
import pathlib
import subprocess
import tempfile

from crates import ROOT
from writers import File

SHELLS = {"bash": "easel.bash", "fish": "easel.fish", "zsh": "_easel", "powershell": "easel.ps1"}


@dataclasses.dataclass(frozen=True)
class Release:
    """What the packages of a release have in common."""

    version: str
    # The URL in Cargo.toml, or None.
    repository: str | None
    # The time of all files, in seconds since 1970, and the level of compression.
    epoch: int
    level: int
    legal: list[File]
    documents: list[File]
    manual: list[File]
    completions: list[File]


def legal(third_party):
    """Returns the files that every package has to contain: NOTICE has the license of the fonts."""
    return [
        File("LICENSE", (ROOT / "LICENSE").read_bytes()),
        File("NOTICE", (ROOT / "NOTICE").read_bytes()),
        File("THIRD-PARTY-LICENSES.txt", third_party.encode()),
    ]


def documents():
    """Returns the documents and the schema, as far as they belong to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "README.md", "CHANGELOG.md", "config.example.toml", "docs", "schema/*.json",
         "schema/*.ts"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout
    return [File(name, (ROOT / name).read_bytes()) for name in sorted(filter(None, listed.split("\0")))]


def manual(easel):
    """Returns the manual pages that an executable of this machine writes."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([easel, "man", "--out", folder], check=True)
        return [File(path.name, path.read_bytes()) for path in sorted(pathlib.Path(folder).iterdir())]


def completions(easel):
    """Returns the completion scripts of the same executable."""
    return [
        File(name, subprocess.run([easel, "completions", shell], check=True, stdout=subprocess.PIPE).stdout)
        for shell, name in SHELLS.items()
    ]
