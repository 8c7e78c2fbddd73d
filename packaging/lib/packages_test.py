"""Tests of what packages are called, and of what their manifests say."""
import io
import json
import pathlib
import tarfile
import tempfile
import unittest

import contents
import npm
import sdks
import targets


class Sdks(unittest.TestCase):
    def test_candidate_has_the_spelling_of_each_language(self):
        names = ["easel-sdk-1.2.0-rc.1.tgz", "easel_sdk-1.2.0rc1.tar.gz", "easel_sdk-1.2.0rc1-py3-none-any.whl"]
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                (pathlib.Path(folder) / name).write_bytes(name.encode())
            packages = sdks.read(pathlib.Path(folder), "1.2.0-rc.1")
        self.assertEqual([(name, name.encode()) for name in names], packages)

    def test_release_has_one_spelling(self):
        self.assertEqual("easel_sdk-1.2.0.tar.gz", sdks.names("1.2.0")[1])


class Npm(unittest.TestCase):
    def manifests(self, repository):
        """Returns the manifests of the launcher and of a platform."""
        release = contents.Release("1.2.0", repository, 0, 1, [], [], [], [])
        for _, data in (npm.main(release), npm.platform(targets.ALL[0], b"", release)):
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                yield json.load(archive.extractfile("package/package.json"))

    def test_manifests_name_the_repository_for_the_provenance(self):
        for repository in ("https://example.org/easel", "https://example.org/easel.git"):
            for manifest in self.manifests(repository):
                self.assertEqual({"type": "git", "url": "git+https://example.org/easel.git"}, manifest["repository"])

    def test_manifests_without_a_repository_name_none(self):
        for manifest in self.manifests(None):
            self.assertNotIn("repository", manifest)


if __name__ == "__main__":
    unittest.main()
