#!/usr/bin/env python3
"""Makes a release from the changelog: sets the version, commits and tags.

    packaging/release/release.py VERSION
    packaging/release/release.py --notes VERSION    prints what the changelog says about it

Nothing is changed unless all of this is true: the folder has no uncommitted change; the version is a later one, and may
have the changes of the protocol since the last release; the changelog says what is new. Nothing is pushed.
"""
import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

import wire

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RELEASED = ROOT / "packaging" / "released"
SCHEMA = "easel_app_server.schemas.json"
HEADING = "## [Unreleased]\n"
# Where the SDKs have the version of the release, and the text before it.
SDKS = {
    "sdk/python/pyproject.toml": 'version = "',
    "sdk/python/src/easel_sdk/connection/version.py": 'SDK_VERSION = "',
    "sdk/typescript/package.json": '"version": "',
    "sdk/typescript/src/connection/version.ts": 'SDK_VERSION = "',
}
# Where the SDKs have the oldest Easel that they work with, and the text before it.
MINIMUMS = {
    "sdk/python/pyproject.toml": '"easel-cli-bin',
    "sdk/python/src/easel_sdk/connection/version.py": 'MINIMUM_VERSION = "',
    "sdk/typescript/package.json": '"@easel/cli": "',
    "sdk/typescript/src/connection/version.ts": 'MINIMUM_VERSION = "',
}
# The image for containers, whose version is an argument of its build.
CONTAINER = "packaging/Containerfile"
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(alpha|beta|rc)\.(0|[1-9]\d*))?")


class Refusal(Exception):
    """Why no release is made."""


def replace_version(text, before, version):
    """Returns the text with another version after the first occurrence of `before`."""
    text, count = re.subn(rf'{re.escape(before)}[^"]*', f"{before}{version}", text, count=1)
    if count != 1:
        raise Refusal(f"a file has no version after {before}")
    return text


def with_version(manifest, version):
    """Returns Cargo.toml with a version for the workspace and for the dependencies between its crates."""
    text = replace_version(manifest, 'version = "', version)
    return re.sub(r'(?m)^(easel-[a-z]+ = \{ version = ")[^"]*(", path = )', rf"\g<1>{version}\g<2>", text)


def with_container_version(text, version):
    """Returns the Containerfile with the version of the packages that it unpacks."""
    text, count = re.subn(r"(?m)^ARG VERSION=.*$", f"ARG VERSION={version}", text)
    if count != 1:
        raise Refusal(f"{CONTAINER} has {count} lines with ARG VERSION=, and not one")
    return text


def with_sdk_version(name, text, version):
    """Returns a file of the SDKs with the version of a release, and with a new minimum if the old one does not fit."""
    text = replace_version(text, SDKS[name], version)
    before = MINIMUMS[name]
    minimum = re.search(rf'{re.escape(before)}[^"]*?(\d[^",]*)', text)
    if minimum is None:
        raise Refusal(f"{name} has no version after {before}")
    if "-" not in minimum[1] and _leading(minimum[1]) == _leading(version):
        return text
    if name.endswith("pyproject.toml"):
        *zeros, leading = _leading(version)
        limit = ".".join(map(str, [*zeros, leading + 1]))
        return replace_version(text, before, f">={version},<{limit}")
    return replace_version(text, before, f"^{version}" if name.endswith("package.json") else version)


def _leading(version):
    """Returns the numbers that change with a release that may break clients: up to the first that is not 0."""
    numbers = [int(number) for number in version.split("-")[0].split(".")]
    return numbers[: next((index for index, number in enumerate(numbers) if number > 0), 2) + 1]


def with_release(changelog, version, date):
    """Returns the changelog with the entries of `Unreleased` under the version."""
    before, heading, after = changelog.partition(HEADING)
    entries = after.split("\n## [", 1)[0]
    if not heading or not re.search(r"(?m)^- ", entries):
        raise Refusal("CHANGELOG.md has no entries under [Unreleased]")
    return f"{before}{heading}\n## [{version}] - {date}\n{after}"


def notes(changelog, version):
    """Returns the entries of a release."""
    _, heading, after = changelog.partition(f"## [{version}] - ")
    if not heading:
        raise Refusal(f"CHANGELOG.md has no section for {version}")
    return after.partition("\n")[2].split("\n## [", 1)[0].strip()


def check_version(current, released, version, changes):
    """Fails if a release may not have this version."""
    if not VERSION.fullmatch(version):
        raise Refusal(f"{version} is not a version such as 1.2.3 or 1.2.3-rc.1")
    if released is None:
        if version != current and wire.step(current, version) is None:
            raise Refusal(f"{version} is older than {current}, the version in Cargo.toml")
        return
    required = wire.required_step(changes)
    # A candidate has the numbers of its release, so the candidates and the release may follow each other.
    numbers, _, candidate = released.partition("-")
    follows_candidate = candidate and version.split("-")[0] == numbers and _order(version) > _order(released)
    if not follows_candidate and not wire.allows(wire.step(released, version), required):
        listed = "\n".join(f"  {'BREAKS' if change.breaking else 'adds  '}  {change.what}" for change in changes)
        # What docs/RELEASING.md says about versions before 1.0.0.
        level = {"major": "minor", "minor": "patch"}.get(required, required) if released.startswith("0.") else required
        raise Refusal(f"after {released}, the next release needs a new {level} version; {version} is none\n{listed}")


def _order(version):
    """Returns what sorts candidates of a release before it."""
    numbers, _, candidate = version.partition("-")
    kind, _, count = candidate.partition(".")
    return kind or "release", int(count or 0)


def git(*arguments):
    """Runs git and returns its output."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def update_lock_files():
    """Updates the lock files, which name the crates of the workspace with their version."""
    for folder in (ROOT, ROOT / "fuzz"):
        subprocess.run(["cargo", "update", "--workspace", "--quiet"], cwd=folder, check=True)


def write(texts, version):
    """Writes the files of a release."""
    for path, text in texts.items():
        path.write_text(text)
    update_lock_files()
    RELEASED.mkdir(exist_ok=True)
    (RELEASED / "VERSION").write_text(f"{version}\n")
    shutil.copyfile(ROOT / "schema" / SCHEMA, RELEASED / SCHEMA)


def main(version):
    if git("status", "--porcelain"):
        raise Refusal("there are uncommitted changes; commit or stash them")
    if git("tag", "--list", f"v{version}"):
        raise Refusal(f"the tag v{version} exists")
    manifest, changelog = (ROOT / name for name in ("Cargo.toml", "CHANGELOG.md"))
    current = tomllib.loads(manifest.read_text())["workspace"]["package"]["version"]
    released, changes = None, []
    if RELEASED.exists():
        released = (RELEASED / "VERSION").read_text().strip()
        schemas = (json.loads((folder / SCHEMA).read_text()) for folder in (RELEASED, ROOT / "schema"))
        changes = wire.compare(*schemas)
    check_version(current, released, version, changes)
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    texts = {
        manifest: with_version(manifest.read_text(), version),
        changelog: with_release(changelog.read_text(), version, today),
        ROOT / CONTAINER: with_container_version((ROOT / CONTAINER).read_text(), version),
    }
    for name in SDKS:
        if (ROOT / name).exists():
            texts[ROOT / name] = with_sdk_version(name, (ROOT / name).read_text(), version)

    try:
        write(texts, version)
        git("add", "--all")
        git("commit", "--quiet", "--message", f"Easel {version}")
    except BaseException:
        # There was no change before, so nothing of others is lost.
        git("add", "--all")
        git("reset", "--hard", "--quiet")
        raise
    git("tag", "--annotate", f"v{version}", "--message", f"Easel {version}")
    print(f"Easel {version} is committed and tagged. Publish it with: git push --atomic origin HEAD v{version}")


if __name__ == "__main__":
    try:
        if len(sys.argv) == 3 and sys.argv[1] == "--notes":
            print(notes((ROOT / "CHANGELOG.md").read_text(), sys.argv[2]))
        elif len(sys.argv) == 2:
            main(sys.argv[1])
        else:
            sys.exit(__doc__)
    except Refusal as refusal:
        sys.exit(f"release: {refusal}")
