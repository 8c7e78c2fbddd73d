"""Tests of what packages are called."""
import pathlib
import tempfile
import unittest

import sdks


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


if __name__ == "__main__":
    unittest.main()
