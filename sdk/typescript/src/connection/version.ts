import { EaselVersionError } from "../errors.js";

/** The version of this package. */
export const SDK_VERSION = "0.1.0";

/** The oldest Easel that this package works with. Newer ones fit until the leading number that is not 0 changes. */
export const MINIMUM_VERSION = "0.1.0";

/** Returns the version of Easel that a user agent such as `my_ide/0.169.0 (linux; x86_64) easel/0.1.0` ends with. */
export function versionOf(userAgent: string): string {
  const version = / easel\/(\d+\.\d+\.\d+\S*)$/.exec(userAgent)?.[1];
  if (version === undefined) {
    throw new EaselVersionError(
      `@easel/sdk ${SDK_VERSION} needs Easel, and the server is “${userAgent.slice(0, 200)}”`,
    );
  }
  return version;
}

/**
 * Checks that this package works with a version of Easel.
 *
 * @throws {EaselVersionError} if it does not.
 */
export function checkVersion(version: string): void {
  const [major = 0, minor = 0, patch = 0] = numbers(version);
  const [leastMajor = 0, leastMinor = 0, leastPatch = 0] = numbers(MINIMUM_VERSION);
  const fits =
    leastMajor > 0
      ? major === leastMajor && (minor > leastMinor || (minor === leastMinor && patch >= leastPatch))
      : major === 0 && minor === leastMinor && patch >= leastPatch;
  if (!fits) {
    const needs = `@easel/sdk ${SDK_VERSION} works with Easel ^${MINIMUM_VERSION}`;
    const advice = "update both, or set `binary` to an executable that fits";
    throw new EaselVersionError(`${needs}, and the executable is Easel ${version}; ${advice}`);
  }
}

function numbers(version: string): number[] {
  return version.split(".", 3).map((part) => Number.parseInt(part, 10));
}
