import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, resolve } from "node:path";
import { EaselNotFoundError } from "../errors.js";

const NAME = process.platform === "win32" ? "easel.exe" : "easel";

/**
 * Finds the executable: `binary`, else the variable `EASEL_BINARY`, else the package of this platform that
 * `@easel/cli` brings, else `easel` in the `PATH`. It is spawned directly and not through npm's shim, which would be
 * one more process to end.
 *
 * @throws {EaselNotFoundError} if there is none, with the places that were searched.
 */
export function findBinary(binary: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = binary ?? env["EASEL_BINARY"];
  if (named) {
    if (isExecutable(named)) return resolve(named);
    const source = binary === undefined ? "the variable EASEL_BINARY" : "the option `binary`";
    throw new EaselNotFoundError(`${named}, which ${source} names, is not an executable file`);
  }
  const packageName = `@easel/cli-${process.platform}-${process.arch}`;
  const found = findInPackage(packageName) ?? findInPath(env);
  if (found !== null) return found;
  const places = `the package ${packageName} is not installed, and no folder of the PATH has ${NAME}`;
  throw new EaselNotFoundError(`Easel was not found: ${places}. Run \`npm install @easel/cli\`, or set EASEL_BINARY`);
}

/** A package manager may put the platform's package where only `@easel/cli` finds it. */
function findInPackage(packageName: string): string | null {
  const here = createRequire(import.meta.url);
  for (const from of [() => here, () => createRequire(here.resolve("@easel/cli/package.json"))]) {
    try {
      const path = join(dirname(from().resolve(`${packageName}/package.json`)), "bin", NAME);
      if (isExecutable(path)) return path;
    } catch {
      // The package is not installed here.
    }
  }
  return null;
}

function findInPath(env: NodeJS.ProcessEnv): string | null {
  const folders = (env["PATH"] ?? env["Path"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => resolve(folder, NAME)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
