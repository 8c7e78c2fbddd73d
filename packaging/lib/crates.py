"""The crates that the binary contains."""
import json
import os
import pathlib
import subprocess

from targets import ALL

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CARGO = os.environ.get("CARGO", "cargo")


def _output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def metadata():
    """Returns what cargo knows about the workspace and its dependencies."""
    return json.loads(_output(CARGO, "metadata", "--format-version=1", "--locked", "--all-features"))


def linked(packages):
    """Returns the packages that the binary contains on any platform, and the triples of each.

    `cargo metadata` unites the features of all members and of their tests, so `cargo tree` decides.
    """
    by_name = {(package["name"], package["version"]): package for package in packages}
    triples = {}
    for target in ALL:
        tree = _output(CARGO, "tree", "--locked", "--package=easel", "--edges=normal,no-proc-macro", "--prefix=none",
                       f"--target={target.triple}", f"--features={','.join(target.features)}", "--format={p}")
        for line in filter(None, tree.splitlines()):
            name, version = line.split()[:2]
            triples.setdefault((name, version.removeprefix("v")), set()).add(target.triple)
    return [(by_name[key], sorted(triples[key])) for key in sorted(triples)]
