/**
 * Returns the path of the binary: EASEL_BINARY, or the one in the package of this platform.
 *
 * @throws if that package is not installed. The message says how to install it.
 */
export function binaryPath(): string;
