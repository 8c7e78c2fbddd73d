"""The packages of the SDKs, which the tools of their languages have built."""
from wheel import python_version


def names(version):
    """Returns the names of the files. Those for Python have its spelling of the version."""
    python = python_version(version)
    return [f"easel-sdk-{version}.tgz", f"easel_sdk-{python}.tar.gz", f"easel_sdk-{python}-py3-none-any.whl"]


def read(folder, version):
    """Returns the names and the bytes of the packages in a folder, which are of the same version."""
    return [(name, (folder / name).read_bytes()) for name in names(version)]
