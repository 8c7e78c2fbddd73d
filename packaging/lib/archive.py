"""The archive for people and for `cargo binstall`: `easel-VERSION-TRIPLE.tar.xz`."""
import dataclasses

from writers import File, tar_xz


def _below(folder, files):
    return [dataclasses.replace(file, name=f"{folder}/{file.name}") for file in files]


def build(target, binary, release):
    """Returns the name and the bytes."""
    name = f"easel-{release.version}-{target.triple}"
    files = [
        File(target.executable, binary, executable=True),
        *release.legal,
        *release.documents,
        *_below("man", release.manual),
        *_below("completions", release.completions),
    ]
    return f"{name}.tar.xz", tar_xz(files, name, release.epoch, release.level)
