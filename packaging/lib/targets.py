"""The platforms that packages are built for, and what each kind of package calls them."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Target:
    """A platform, by the compiler's triple."""

    triple: str
    # `process.platform` and `process.arch` of Node.js, which npm compares with `os` and `cpu`.
    node_os: str
    node_cpu: str
    # The platform tag of a wheel. The Linux binary is static, so it runs with glibc and with musl.
    wheel: str
    # The architecture of a Debian package, or None.
    debian: str | None = None

    @property
    def features(self):
        """The features of Cargo with which `packaging/build` builds it. On Linux, a keychain needs 53 more crates."""
        return [] if self.node_os == "linux" else ["keychain"]

    @property
    def executable(self):
        """The name of the binary."""
        return "easel.exe" if self.node_os == "win32" else "easel"

    @property
    def npm(self):
        """The name of the npm package."""
        return f"@easel/cli-{self.node_os}-{self.node_cpu}"


ALL = [
    Target("x86_64-unknown-linux-musl", "linux", "x64", "manylinux2014_x86_64.musllinux_1_1_x86_64", "amd64"),
    Target("aarch64-unknown-linux-musl", "linux", "arm64", "manylinux2014_aarch64.musllinux_1_1_aarch64", "arm64"),
    Target("x86_64-apple-darwin", "darwin", "x64", "macosx_10_12_x86_64"),
    Target("aarch64-apple-darwin", "darwin", "arm64", "macosx_11_0_arm64"),
    Target("x86_64-pc-windows-msvc", "win32", "x64", "win_amd64"),
]

# Triples that make the packages of another one, where its compiler cannot be had.
EQUIVALENT = {
    "x86_64-unknown-linux-gnu": "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu": "aarch64-unknown-linux-musl",
    "x86_64-pc-windows-gnu": "x86_64-pc-windows-msvc",
}


def find(triple):
    """Returns the target of a triple."""
    for target in ALL:
        if target.triple == EQUIVALENT.get(triple, triple):
            return target
    raise SystemExit(f"package: no package is made for {triple}; known are {', '.join(t.triple for t in ALL)}")
