"use strict";

const platform = `${process.platform}-${process.arch}`;
const name = `@easel/cli-${platform}`;
const executable = process.platform === "win32" ? "easel.exe" : "easel";
const SUPPORTED = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64"];

/** Returns the path of the binary: EASEL_BINARY, or the one in the package of this platform. */
function binaryPath() {
  if (process.env.EASEL_BINARY) return process.env.EASEL_BINARY;
  try {
    return require.resolve(`${name}/bin/${executable}`);
  } catch {
    const { version } = require("../package.json");
    throw new Error(
      SUPPORTED.includes(platform)
        ? `the package ${name} is not installed. Run \`npm install ${name}@${version}\`, or install again without ` +
            "--omit=optional. A lock file that was made on another system can lack it; then delete the lock file " +
            "and node_modules first"
        : `there is no package for ${platform}. Build Easel from its source, and set EASEL_BINARY to the executable`,
    );
  }
}

module.exports = { binaryPath };
