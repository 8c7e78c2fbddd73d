"""Tests of what a release changes, and of what keeps one from being made."""
import contextlib
import io
import json
import pathlib
import re
import subprocess
import tempfile
import unittest
from unittest import mock

import release
import wire

MANIFEST = """\
[workspace.package]
version = "0.1.0"
rust-version = "1.89"

[workspace.dependencies]
easel-rpc = { version = "0.1.0", path = "crates/easel-rpc" }
easel-testkit = { path = "crates/easel-testkit" }
toml = "1"
clap = { version = "4.6", features = ["derive"] }
"""
CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- Something.

## [0.1.0] - 2026-01-01

- The first.
"""


class Texts(unittest.TestCase):
    def test_versions_of_the_workspace_change(self):
        text = release.with_version(MANIFEST, "0.2.0")
        self.assertEqual(MANIFEST.replace('"0.1.0"', '"0.2.0"'), text)

    def test_version_of_the_container_changes(self):
        text = release.with_container_version((release.ROOT / release.CONTAINER).read_text(), "0.2.0-rc.1")
        self.assertIn("\nARG VERSION=0.2.0-rc.1\n", text)
        with self.assertRaisesRegex(release.Refusal, "0 lines with ARG VERSION="):
            release.with_container_version("FROM scratch\n", "0.2.0")

    def test_entries_move_under_the_version(self):
        text = release.with_release(CHANGELOG, "0.2.0", "2026-02-03")
        self.assertIn("## [Unreleased]\n\n## [0.2.0] - 2026-02-03\n\n### Added\n\n- Something.\n\n## [0.1.0]", text)

    def test_notes_are_the_entries_of_the_version(self):
        text = release.with_release(CHANGELOG, "0.2.0", "2026-02-03")
        self.assertEqual("### Added\n\n- Something.", release.notes(text, "0.2.0"))
        self.assertEqual("- The first.", release.notes(text, "0.1.0"))
        with self.assertRaisesRegex(release.Refusal, "no section"):
            release.notes(text, "0.3.0")

    def test_release_needs_entries(self):
        for changelog in (CHANGELOG.replace("- Something.\n", ""), CHANGELOG.replace("[Unreleased]", "[Other]")):
            with self.assertRaisesRegex(release.Refusal, "no entries under"):
                release.with_release(changelog, "0.2.0", "2026-02-03")


class Sdks(unittest.TestCase):
    """The files of the SDKs in this repository, after a release."""

    def release(self, version, texts=None):
        texts = texts or {name: (release.ROOT / name).read_text() for name in release.SDKS}
        return {name: release.with_sdk_version(name, text, version) for name, text in texts.items()}

    def ranges(self, texts):
        """Returns the minimum of each language, and the ranges of their packages."""
        minimums = [re.search('MINIMUM_VERSION = "(.*)"', texts[name])[1] for name in texts if "version." in name]
        package = json.loads(texts["sdk/typescript/package.json"])["peerDependencies"]["@easel/cli"]
        return minimums, package, re.search('"easel-cli-bin(.*)"', texts["sdk/python/pyproject.toml"])[1]

    def test_release_that_may_break_clients_moves_the_minimum(self):
        texts = self.release("7.0.0")
        self.assertEqual((["7.0.0", "7.0.0"], "^7.0.0", ">=7.0.0,<8"), self.ranges(texts))
        self.assertEqual((["0.8.0", "0.8.0"], "^0.8.0", ">=0.8.0,<0.9"), self.ranges(self.release("0.8.0", texts)))

    def test_other_release_keeps_the_minimum(self):
        texts = self.release("7.0.0")
        self.assertEqual(self.ranges(texts), self.ranges(self.release("7.3.1", texts)))
        texts = self.release("0.8.0")
        self.assertEqual(self.ranges(texts), self.ranges(self.release("0.8.4", texts)))

    def test_candidate_is_the_minimum_until_its_release(self):
        texts = self.release("7.0.0-rc.1")
        self.assertEqual((["7.0.0-rc.1"] * 2, "^7.0.0-rc.1", ">=7.0.0-rc.1,<8"), self.ranges(texts))
        self.assertEqual((["7.0.0"] * 2, "^7.0.0", ">=7.0.0,<8"), self.ranges(self.release("7.0.0", texts)))

    def test_versions_are_those_of_the_release(self):
        texts = self.release("7.0.0")
        for name, before in release.SDKS.items():
            self.assertIn(f'{before}7.0.0"', texts[name])


class Versions(unittest.TestCase):
    def accepts(self, released, version, changes=()):
        release.check_version("0.1.0", released, version, list(changes))

    def refuses(self, reason, released, version, changes=()):
        with self.assertRaisesRegex(release.Refusal, reason):
            self.accepts(released, version, changes)

    def test_first_release(self):
        self.accepts(None, "0.1.0")
        self.accepts(None, "1.0.0-rc.1")
        self.refuses("older", None, "0.0.9")

    def test_spelling(self):
        for version in ("v1.0.0", "1.0", "1.0.0-1", "01.0.0", "1.0.0\n"):
            self.refuses("is not a version", None, version)

    def test_changes_of_the_protocol(self):
        breaking, extending = [wire.Change(True, "method x: removed")], [wire.Change(False, "method y: new")]
        self.accepts("1.1.0", "2.0.0", breaking)
        self.refuses("BREAKS  method x: removed", "1.1.0", "1.2.0", breaking)
        self.accepts("1.1.0", "1.2.0", extending)
        self.refuses("needs a new minor version", "1.1.0", "1.1.1", extending)
        self.refuses("needs a new patch version", "1.1.0", "1.1.0")

    def test_candidates(self):
        breaking = [wire.Change(True, "x")]
        self.accepts("2.0.0-rc.9", "2.0.0-rc.10", breaking)
        self.accepts("2.0.0-beta.1", "2.0.0-rc.1", breaking)
        self.accepts("2.0.0-rc.2", "2.0.0", breaking)
        self.refuses("needs a new major", "2.0.0-rc.2", "2.0.0-rc.1", breaking)


class Repository(unittest.TestCase):
    """Releases of a repository that has the files that a release changes."""

    def setUp(self):
        self.enterContext(contextlib.redirect_stdout(io.StringIO()))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("schema", "fuzz", "packaging"):
            (self.root / name).mkdir()
        (self.root / "Cargo.toml").write_text(MANIFEST)
        (self.root / "CHANGELOG.md").write_text(CHANGELOG)
        (self.root / "fuzz" / "Cargo.toml").write_text("")
        (self.root / "sdk" / "typescript").mkdir(parents=True)
        package = {"name": "x", "version": "0.1.0", "peerDependencies": {"@easel/cli": "^0.1.0"}}
        (self.root / "sdk" / "typescript" / "package.json").write_text(json.dumps(package))
        (self.root / release.CONTAINER).write_text("# 0.1.0\nARG VERSION=0.1.0\nFROM a\nARG VERSION\n")
        self.write_schema({})
        for patch in (mock.patch.object(release, "ROOT", self.root),
                      mock.patch.object(release, "RELEASED", self.root / "packaging" / "released"),
                      mock.patch.object(release, "update_lock_files")):
            patch.start()
            self.addCleanup(patch.stop)
        self.git("init", "--quiet")
        self.commit()

    def git(self, *arguments):
        identity = ("-c", "user.name=n", "-c", "user.email=e")
        return subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, stdout=subprocess.PIPE,
                              text=True).stdout

    def commit(self):
        self.git("config", "user.name", "n")
        self.git("config", "user.email", "e")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")

    def write_schema(self, methods):
        schema = {"definitions": {"P": {"type": "object"}}, "methods": methods, "serverRequests": {}}
        schema["notifications"] = {}
        (self.root / "schema" / release.SCHEMA).write_text(json.dumps(schema))

    def test_release_is_committed_and_tagged(self):
        release.main("0.1.1")
        self.assertEqual("v0.1.1\n", self.git("tag", "--list"))
        self.assertIn('"version": "0.1.1"', (self.root / "sdk" / "typescript" / "package.json").read_text())
        self.assertEqual("# 0.1.0\nARG VERSION=0.1.1\nFROM a\nARG VERSION\n",
                         (self.root / release.CONTAINER).read_text())
        self.assertEqual("", self.git("status", "--porcelain"))
        self.assertEqual("0.1.1\n", (self.root / "packaging" / "released" / "VERSION").read_text())

    def test_uncommitted_changes_stop_a_release(self):
        (self.root / "new").write_text("")
        with self.assertRaisesRegex(release.Refusal, "uncommitted"):
            release.main("0.1.0")
        self.assertEqual("", self.git("tag", "--list"))

    def test_failure_leaves_nothing_behind(self):
        release.update_lock_files.side_effect = OSError("no cargo")
        with self.assertRaises(OSError):
            release.main("0.1.1")
        self.assertEqual("", self.git("status", "--porcelain"))
        self.assertEqual(MANIFEST, (self.root / "Cargo.toml").read_text())

    def test_breaking_change_after_a_release_needs_its_version(self):
        self.write_schema({"draw": {"params": "P", "response": "P"}})
        self.commit()
        release.main("0.1.0")
        self.write_schema({})
        changelog = self.root / "CHANGELOG.md"
        changelog.write_text(changelog.read_text().replace("## [Unreleased]\n", "## [Unreleased]\n\n- Removed.\n"))
        self.commit()
        with self.assertRaisesRegex(release.Refusal, "method draw: removed"):
            release.main("0.1.1")
        release.main("0.2.0")
        self.assertEqual("v0.1.0\nv0.2.0\n", self.git("tag", "--list"))


if __name__ == "__main__":
    unittest.main()
